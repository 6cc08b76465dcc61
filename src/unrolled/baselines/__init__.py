"""Baselines: models trained without gradients, for comparison with the networks."""

from unrolled.baselines.autoregression import Autoregression
from unrolled.baselines.counts import CountBaselines, count_baselines
from unrolled.baselines.majority import MajorityTag
from unrolled.baselines.naive import drift, random_walk, seasonal_naive
from unrolled.baselines.notes import NoteBaselines, note_baselines

__all__ = [
    "Autoregression",
    "CountBaselines",
    "MajorityTag",
    "NoteBaselines",
    "count_baselines",
    "drift",
    "note_baselines",
    "random_walk",
    "seasonal_naive",
]


def __dir__() -> list[str]:
    return sorted(__all__)
