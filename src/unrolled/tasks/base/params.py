"""The options of a task as parameters, as scikit-learn and sktime ask for them."""

import sys
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar

from unrolled.config import by_own_names, option_names, to_dict, with_options
from unrolled.errors import NotFittedError
from unrolled.tasks.base.spec import TaskSpec

C = TypeVar("C", bound=Any)


class Parameters(Generic[C]):
    """Every option of the configuration is a parameter, kept as the caller gave it.

    ``sklearn.base.clone``, ``GridSearchCV`` and the like need no more than this.
    """

    spec: ClassVar[TaskSpec]

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        self.config: C = with_options(config or self.spec.config(), options, type(self).__name__)
        """Options in use: what is left to the data is filled in by ``fit``."""
        self._asked: C = self.config  # as the caller gave them; each fit begins with these
        self._options = by_own_names(self.spec.config, options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return every option by its own name, as it was given or by default.

        Args:
            deep: is there for scikit-learn; no option is an estimator.
        """
        nested = to_dict(self._asked)
        own = {name: nested[group][name] for group, name in option_names(self.spec.config)}
        return own | self._options

    def set_params(self, **params: Any) -> Self:
        """Change options by their own names; a trained model stays as it is until the next ``fit``.

        Raises:
            ConfigError: as the constructor does.
        """
        self._asked = with_options(self._asked, params, type(self).__name__)
        self.config = with_options(self.config, params, type(self).__name__)
        self._options |= by_own_names(self.spec.config, params)
        return self

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Return the class with the options that are not the default."""
        default = type(self)().get_params()
        changed = {name: value for name, value in self.get_params().items() if value != default[name]}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, which asks, that this is an estimator like any other."""
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
def _error_type(known: bool) -> type[NotFittedError]:
    """Return the error, one of scikit-learn's too where that is imported, for those who catch its own."""
    if not known:
        return NotFittedError
    from sklearn.exceptions import NotFittedError as Theirs

    return type("NotFittedError", (NotFittedError, Theirs), {"__module__": NotFittedError.__module__})
