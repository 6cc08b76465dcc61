"""How scores of several trainings are summarised and shown, in comparisons and repetitions alike."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SHARES = ("accuracy", "macro_f1", "sentence_accuracy", "span_f1")
"""Metrics that are shares of 1, shown as percentages."""


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over trainings."""

    mean: float
    deviation: float
    """NaN for a single value, or where one is infinite."""
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Measure one value or more."""
        measurable = len(values) > 1 and all(map(math.isfinite, values))
        return cls(
            statistics.fmean(values), statistics.stdev(values) if measurable else math.nan, len(values)
        )


def scale_of(metric: str) -> float:
    """Return the factor by which a metric is shown: 100 for shares."""
    return 100.0 if metric in SHARES else 1.0


def words_of(metric: str) -> str:
    """Return the name of a metric for people."""
    return metric.replace("_", " ")
