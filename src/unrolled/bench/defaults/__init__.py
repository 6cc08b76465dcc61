"""Results of trainings without options on public data sets, compared with simple baselines."""

from unrolled.bench.defaults.measure import measure_defaults
from unrolled.bench.defaults.sets import SETS, find_sets

__all__ = ["SETS", "find_sets", "measure_defaults"]
