"""The options of a task as parameters in the style of scikit-learn and sktime."""

import sys
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar

from unrolled.config import format_options, option_names, resolve_aliases, to_dict, with_options
from unrolled.errors import NotFittedError
from unrolled.tasks.base.spec import TaskSpec

C = TypeVar("C", bound=Any)


class Parameters(Generic[C]):
    """Makes every option of the configuration a parameter, stored as the caller gave it.

    This is all that ``sklearn.base.clone``, ``GridSearchCV`` and similar tools need.
    """

    spec: ClassVar[TaskSpec]

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        self.config: C = with_options(config or self.spec.config(), options, type(self).__name__)
        """Options in use; ``fit`` fills in those that depend on the data."""
        self._user_config: C = self.config  # as the caller gave them; each fit starts from these
        self._options = resolve_aliases(self.spec.config, options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return every option by its name: the given value or the default.

        Args:
            deep: unused, for scikit-learn; no option is an estimator.
        """
        groups = to_dict(self._user_config)
        values = {name: groups[group][name] for group, name in option_names(self.spec.config)}
        return values | self._options

    def set_params(self, **params: Any) -> Self:
        """Change options by name; a trained model does not change until the next ``fit``.

        Raises:
            ConfigError: see the constructor.
        """
        self._user_config = with_options(self._user_config, params, type(self).__name__)
        self.config = with_options(self.config, params, type(self).__name__)
        self._options |= resolve_aliases(self.spec.config, params)
        return self

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Return the class name with the options that differ from the defaults."""
        return f"{type(self).__name__}({format_options(self._user_config)})"

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: a general estimator that needs no target."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def __sklearn_is_fitted__(self) -> bool:
        return self._is_fitted()

    def _is_fitted(self) -> bool:
        raise NotImplementedError

    def _not_fitted(self) -> NotFittedError:
        return _error_type("sklearn.exceptions" in sys.modules)(
            f"this {type(self).__name__} has not been trained: call fit first"
        )


@cache
def _error_type(sklearn_imported: bool) -> type[NotFittedError]:
    """Return NotFittedError, also a subclass of scikit-learn's if scikit-learn is imported."""
    if not sklearn_imported:
        return NotFittedError
    from sklearn.exceptions import NotFittedError as SklearnError

    return type("NotFittedError", (NotFittedError, SklearnError), {"__module__": NotFittedError.__module__})
