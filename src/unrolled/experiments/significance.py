"""Significance test: could the difference between two models be due to the choice of test data?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.arrays import Numbers
from unrolled.tasks.base.outcome import ItemLosses

SAMPLES = 4000
"""Default number of bootstrap samples."""
LEVEL = 0.95
"""Confidence level of the interval."""
MIN_BLOCKS = 10
"""Smallest number of items, or blocks of items, to resample; with fewer, no interval is computed."""
MAX_DRAWN = 4_000_000
"""Approximate largest number of items drawn at a time, to bound memory."""


@dataclass(frozen=True)
class Difference:
    """Loss of one model minus the loss of another on the same items."""

    mean: float
    low: float
    """Lower end of the 95% confidence interval; low, high and p are NaN if there are too few items."""
    high: float
    """Upper end of the interval."""
    p: float
    """Two-sided p-value: twice the fraction of samples on the other side of zero, at most 1."""


def paired_bootstrap(
    ours: ItemLosses, theirs: ItemLosses, *, block: int = 1, samples: int = SAMPLES
) -> Difference:
    """Resample items with replacement, and compute the difference of each sample (Efron & Tibshirani 1993).

    Both models are scored on the same samples, so items that are hard for both models cancel (Koehn 2004).

    Args:
        ours: losses of one model, one per item.
        theirs: losses of the other model on the same items.
        block: number of consecutive items drawn together, wrapping round at the end (Politis & Romano 1992).
            Use it if neighbouring items are correlated, as overlapping forecasts are; 1 draws single items.
        samples: number of samples.
    """
    assert np.array_equal(ours.items, theirs.items)
    assert np.array_equal(ours.weights, theirs.weights)
    differences, weights = ours.losses - theirs.losses, ours.weights
    count = len(differences)
    mean = float(differences.sum() / weights.sum())
    if count < MIN_BLOCKS * block:
        return Difference(mean, math.nan, math.nan, math.nan)
    block = min(block, count)
    draws = -(-count // block)
    rng = np.random.default_rng(0)
    batches = []
    batch_size = max(1, MAX_DRAWN // (draws * block))
    for first in range(0, samples, batch_size):
        starts = rng.integers(0, count, (min(batch_size, samples - first), draws, 1))
        indices = ((starts + np.arange(block)) % count).reshape(len(starts), -1)[:, :count]
        batches.append(differences[indices].sum(1) / weights[indices].sum(1))
    means = np.concatenate(batches)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    other_side = min((means <= 0).sum(), (means >= 0).sum())
    p = min(1.0, 2 * (int(other_side) + 1) / (samples + 1))
    return Difference(mean, float(low), float(high), p)


def join_seeds(units: Sequence[ItemLosses]) -> ItemLosses:
    """Average the losses of each item over the seeds that have it.

    An item has the same number of predictions for every seed, so its weight stays the same.
    """
    items = np.concatenate([u.items for u in units])
    unique, inverse, counts = np.unique(items, return_inverse=True, return_counts=True)

    def mean(values: Sequence[Numbers]) -> Numbers:
        return np.bincount(inverse, np.concatenate(values), minlength=len(unique)) / counts

    weights = mean([u.weights for u in units])
    assert np.array_equal(weights[inverse], np.concatenate([u.weights for u in units]))
    return ItemLosses(unique, mean([u.losses for u in units]), weights)
