"""Models without gradients, for comparison."""

from unrolled.baselines.counts import CountBaselines, count_baselines
from unrolled.baselines.naive import random_walk, seasonal_naive
from unrolled.baselines.notes import NoteBaselines, note_baselines

__all__ = [
    "CountBaselines",
    "NoteBaselines",
    "count_baselines",
    "note_baselines",
    "random_walk",
    "seasonal_naive",
]
