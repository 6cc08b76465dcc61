"""Models without gradients, for comparison."""

from unrolled.baselines.counts import CountBaselines, count_baselines

__all__ = ["CountBaselines", "count_baselines"]
