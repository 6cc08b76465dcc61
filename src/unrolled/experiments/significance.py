"""Tests of significance: whether a difference between two models is more than chance of the test data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.tasks.base.outcome import Numbers, Units

SAMPLES = 4000
LEVEL = 0.95
FEWEST = 10
"""Items, or blocks of them, below which resampling says nothing: there is then no interval."""
CELLS = 4_000_000
"""Items drawn at a time, which bounds the memory that this takes."""


@dataclass(frozen=True)
class Difference:
    """The loss of one model minus that of another, on the same items."""

    mean: float
    low: float
    """Of the interval that holds 95% of the samples; NaN, as p is, where there are too few items to draw."""
    high: float
    p: float
    """Share of samples on the other side of zero, both sides counted."""


def paired_bootstrap(ours: Units, theirs: Units, *, block: int = 1, samples: int = SAMPLES) -> Difference:
    """Resample the items with replacement, and measure the difference each time (Efron & Tibshirani 1993).

    Both models are scored on the same samples, so that items hard for both do not count (Koehn 2004).

    Args:
        ours: a loss for each item.
        theirs: the same items.
        block: so many consecutive items are drawn together, round the end, where neighbours resemble each
            other as overlapping forecasts do (Politis & Romano 1992); 1 draws each by itself.
        samples: how often.
    """
    assert np.array_equal(ours.items, theirs.items)
    assert np.array_equal(ours.weights, theirs.weights)
    differences, weights = ours.losses - theirs.losses, ours.weights
    count = len(differences)
    mean = float(differences.sum() / weights.sum())
    if count < FEWEST * block:
        return Difference(mean, math.nan, math.nan, math.nan)
    block = min(block, count)
    draws = -(-count // block)
    rng = np.random.default_rng(0)
    found = []
    each = max(1, CELLS // (draws * block))
    for first in range(0, samples, each):
        starts = rng.integers(0, count, (min(each, samples - first), draws, 1))
        places = ((starts + np.arange(block)) % count).reshape(len(starts), -1)[:, :count]
        found.append(differences[places].sum(1) / weights[places].sum(1))
    drawn = np.concatenate(found)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    side = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return Difference(
        mean,
        float(low),
        float(high),
        min(1.0, 2 * (int(side) + 1) / (samples + 1)),
    )


def join_seeds(units: Sequence[Units]) -> Units:
    """Return one loss for each item: the mean over the seeds that saw it.

    An item has the same number of predictions for every seed, so that its weight is unchanged.
    """
    items = np.concatenate([u.items for u in units])
    kinds, place, counts = np.unique(items, return_inverse=True, return_counts=True)

    def mean(values: Sequence[Numbers]) -> Numbers:
        return np.bincount(place, np.concatenate(values), minlength=len(kinds)) / counts

    weights = mean([u.weights for u in units])
    assert np.array_equal(weights[place], np.concatenate([u.weights for u in units]))
    return Units(kinds, mean([u.losses for u in units]), weights)
