"""Models without gradients, for comparison."""

from unrolled.baselines.counts import CountBaselines, count_baselines
from unrolled.baselines.naive import random_walk, seasonal_naive

__all__ = ["CountBaselines", "count_baselines", "random_walk", "seasonal_naive"]
