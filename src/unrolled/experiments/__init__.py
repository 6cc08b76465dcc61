"""Experiments: several trainings whose results are saved in one folder, compared, and resumed after a stop.

:mod:`unrolled.experiments.comparison` trains several models of a task on one data set.
:mod:`unrolled.experiments.repetition` trains one recipe and its variants over folds or seeds.
"""
