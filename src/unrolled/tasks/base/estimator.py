"""Base class of tasks that predict labels, compatible with scikit-learn's estimators."""

from typing import Any

from unrolled.extras import extra
from unrolled.tasks.base.hooks import C, D
from unrolled.tasks.base.task import Task

with extra("classify", "a classifier"):
    from sklearn.base import BaseEstimator, ClassifierMixin


class LabelEstimator(ClassifierMixin, Task[C, D], BaseEstimator):
    """A task that works in ``cross_val_score``, ``GridSearchCV`` and ``Pipeline`` of scikit-learn."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.three_d_array = True
        return tags
