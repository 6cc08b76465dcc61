"""A task that predicts labels, as one of scikit-learn's estimators."""

from typing import Any, Self

from unrolled.config import by_own_names, option_names, to_dict, with_options
from unrolled.extras import extra
from unrolled.tasks.base.hooks import C, D
from unrolled.tasks.base.task import Task

with extra("classify", "a classifier"):
    from sklearn.base import BaseEstimator, ClassifierMixin


class LabelEstimator(ClassifierMixin, BaseEstimator, Task[C, D]):
    """What ``clone``, ``cross_val_score``, ``GridSearchCV`` and ``Pipeline`` ask of an estimator.

    Every option of the configuration is a parameter; those given by the caller are kept as they were given.
    """

    def __init__(self, config: C | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._options = by_own_names(self.spec.config, options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return every option by its own name."""
        nested = to_dict(self._asked)
        own = {name: nested[group][name] for group, name in option_names(self.spec.config)}
        return own | self._options

    def set_params(self, **params: Any) -> Self:
        """Change options by their own names.

        Raises:
            ConfigError: as the constructor does.
        """
        self.config = self._asked = with_options(self._asked, params, type(self).__name__)
        self._options |= by_own_names(self.spec.config, params)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return self._model is not None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.three_d_array = True
        return tags

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._options.items())})"
