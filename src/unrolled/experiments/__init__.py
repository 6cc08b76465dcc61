"""The ladder: models from counting to recurrence, compared on one data set under one budget."""

from unrolled.experiments.comparison import Comparison, Plan, compare, ladder_type

__all__ = ["Comparison", "Plan", "compare", "ladder_type"]
