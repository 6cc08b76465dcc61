"""Labels and probabilities for answers, from the logits of a classifier."""

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from unrolled.arrays import Numbers
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.tasks.classify.runtime import ClassifierRuntime


class Labelled(TypedDict):
    """Fields of an answer."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Labeller:
    """Gives the labels of a classifier as text, with their probabilities."""

    def __init__(self, runtime: ClassifierRuntime) -> None:
        self.runtime = runtime
        self.names = runtime.artifacts.class_names

    def logits(self, items: Sequence[Any]) -> Numbers:
        """Return the logit of every label, (N, classes).

        Raises:
            DataError: if an item is not what the classifier reads.
            NonFiniteError: if the model gives no finite numbers.
        """
        logits = self.runtime.logits(items)
        if not np.isfinite(logits).all():
            raise non_finite_error()
        return logits

    def label(self, p: Numbers, top: int = 0) -> Labelled:
        """Return the fields of an answer for probabilities (classes,); see :meth:`by_label`."""
        best = int(p.argmax())
        return Labelled(
            label=self.names[best], probability=float(p[best]), probabilities=self.by_label(p, top)
        )

    def by_label(self, p: Numbers, top: int) -> dict[str, float]:
        """Return the ``top`` largest probabilities by label, or all if it is 0, the largest first."""
        order = np.argsort(-p, kind="stable")[: top or len(p)]
        return {self.names[int(i)]: float(p[i]) for i in order}
