"""Mean, standard deviation and display form of metrics, for comparisons and repetitions."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FRACTIONS = ("accuracy", "macro_f1", "sentence_accuracy", "span_f1")
"""Metrics in [0, 1], shown as percentages."""


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of a metric over several trainings."""

    mean: float
    deviation: float
    """Sample standard deviation; NaN for a single value, or if a value is not finite."""
    count: int
    """Number of trainings."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one or more values."""
        has_deviation = len(values) > 1 and all(map(math.isfinite, values))
        return cls(
            statistics.fmean(values), statistics.stdev(values) if has_deviation else math.nan, len(values)
        )


def get_metric_scale(metric: str) -> float:
    """Return the factor that a metric is multiplied by for display: 100 for fractions, else 1."""
    return 100.0 if metric in FRACTIONS else 1.0


def get_metric_name(metric: str) -> str:
    """Return the display name of a metric: spaces for underscores."""
    return metric.replace("_", " ")
