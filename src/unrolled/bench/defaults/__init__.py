"""What trainings without options give on public data sets, beside simple baselines."""

from unrolled.bench.defaults.carry_out import measure_defaults
from unrolled.bench.defaults.sets import SETS, find_sets

__all__ = ["SETS", "find_sets", "measure_defaults"]
