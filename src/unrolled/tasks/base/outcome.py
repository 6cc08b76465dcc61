"""The outcome of one training: scores, cost, and the losses by which two models are compared."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.short_repr import short_repr

Numbers = NDArray[np.float64]


@short_repr
@dataclass(frozen=True)
class Outcome:
    """Scores and cost of one trained model."""

    model: str
    """Name: of a rung of a ladder, or of a variant of a recipe."""
    seed: int
    """Seed, or number of the fold, from 1."""
    scores: dict[str, float]
    """By metric, on data that the model was not trained on."""
    seconds: float
    """Duration: in a comparison of training without validation, in a repetition of everything."""
    rate: float = math.nan
    """Predictions per second on the test data; NaN if it was not measured."""
    size: int = 0
    """Parameters or n-grams, of a mixture the sum over its parts; 0 where nothing is learned."""
    counted: str = ""
    """What ``size`` counts; of a mixture "parameters + n-grams"."""
    bytes: int = 0
    """Size of the model in memory."""
    epochs: float | None = None
    """Passes over the training data; None for models that need only one."""
    note: str = ""


@short_repr
@dataclass(frozen=True)
class Units:
    """The test data divided into items, by which two models are compared.

    An item can be resampled on its own: a sentence, a text, the forecasts from one origin.

    Raises:
        TypeError: if the three arrays are not (N,), or the numbers of the items are no integers.
    """

    items: NDArray[np.int64]
    """(N,) numbers of the items, the same for every model."""
    losses: Numbers
    """(N,) sum of the loss over each item."""
    weights: Numbers
    """(N,) predictions in each item, the same for every model and seed: the loss of a model is
    Σ losses / Σ weights."""

    def __post_init__(self) -> None:
        shapes = {a.shape for a in (self.items, self.losses, self.weights)}
        if len(shapes) != 1 or self.items.ndim != 1 or not np.issubdtype(self.items.dtype, np.integer):
            raise TypeError("items, losses and weights must be (N,), one number each")

    @classmethod
    def one_each(cls, losses: Any, items: NDArray[np.int64] | None = None) -> "Units":
        """Return items of one prediction each, numbered from 0 unless numbers are given."""
        numbers = np.arange(len(losses)) if items is None else items
        return cls(numbers, np.asarray(losses, np.float64), np.ones(len(losses)))

    @classmethod
    def by_item(cls, losses: Numbers, items: NDArray[np.int64]) -> "Units":
        """Add up the losses of predictions over the items that they belong to, both (N,)."""
        count = int(items.max()) + 1
        return cls(
            np.arange(count),
            np.bincount(items, losses, minlength=count).astype(np.float64),
            np.bincount(items, minlength=count).astype(np.float64),
        )


class Tried(NamedTuple):
    """All that is kept of one trained model."""

    outcome: Outcome
    units: Units
    extra: dict[str, Numbers]
    """Arrays that other models or metrics need, by name."""
