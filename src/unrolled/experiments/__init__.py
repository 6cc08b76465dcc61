"""Experiments: many trainings in one folder, kept, resumed and compared.

A comparison trains the models of a task's ladder on one data set; a repetition trains one recipe over
folds or seeds, with variants.
"""

from unrolled.experiments.comparison import compare

__all__ = ["compare"]
