"""The outcome of one training: scores, cost, and the losses by which two models are compared."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Numbers
from unrolled.short_repr import short_repr


@short_repr
@dataclass(frozen=True)
class Outcome:
    """Scores and cost of one trained model."""

    model: str
    """Name of the rung of a ladder, or of the variant of a recipe."""
    seed: int
    """Seed; in cross-validation the number of the fold, from 1."""
    scores: dict[str, float]
    """Scores by metric, on data that the model was not trained on."""
    seconds: float
    """Duration. In a comparison: of training without validation; in a repetition: of the whole run."""
    rate: float = math.nan
    """Predictions per second on the test data; NaN if it was not measured."""
    size: int = 0
    """Number of parameters or n-grams; for a mixture the sum over its parts; 0 if nothing is learned."""
    counted: str = ""
    """Noun for what ``size`` counts, such as "parameters" or, for a mixture, "parameters + n-grams"."""
    bytes: int = 0
    """Memory of the model, in bytes."""
    epochs: float | None = None
    """Epochs of training; None for models that are not trained in epochs."""
    note: str = ""


@short_repr
@dataclass(frozen=True)
class ItemLosses:
    """Losses of a model per test item, for comparing two models by resampling items.

    An item is what can be resampled independently: a sentence, a text, the forecasts from one origin.

    Raises:
        TypeError: if the three arrays are not (N,), or ``items`` are not integers.
    """

    items: NDArray[np.int64]
    """(N,) ids of the items, the same for every model."""
    losses: Numbers
    """(N,) summed loss of each item."""
    weights: Numbers
    """(N,) number of predictions in each item, the same for every model and seed. The loss of a model is
    Σ losses / Σ weights."""

    def __post_init__(self) -> None:
        shapes = {a.shape for a in (self.items, self.losses, self.weights)}
        if len(shapes) != 1 or self.items.ndim != 1 or not np.issubdtype(self.items.dtype, np.integer):
            raise TypeError("items, losses and weights must be (N,), one number each")

    @classmethod
    def one_each(cls, losses: Any, items: NDArray[np.int64] | None = None) -> "ItemLosses":
        """Return items of one prediction each; the ids are 0, 1, … unless ``items`` is given."""
        ids = np.arange(len(losses)) if items is None else items
        return cls(ids, np.asarray(losses, np.float64), np.ones(len(losses)))

    @classmethod
    def by_item(cls, losses: Numbers, items: NDArray[np.int64]) -> "ItemLosses":
        """Sum the losses (N,) of predictions by the item (N,) that each belongs to."""
        count = int(items.max()) + 1
        return cls(
            np.arange(count),
            np.bincount(items, losses, minlength=count).astype(np.float64),
            np.bincount(items, minlength=count).astype(np.float64),
        )


class SavedOutcome(NamedTuple):
    """Result of one trained model: its outcome, its losses per item and further arrays."""

    outcome: Outcome
    units: ItemLosses
    extra: dict[str, Numbers]
    """Arrays by name that other models or metrics need."""
