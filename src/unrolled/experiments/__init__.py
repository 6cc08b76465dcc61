"""Experiments: many trainings in one folder, kept, resumed and compared.

:mod:`unrolled.experiments.comparison` trains the models of a task's ladder on one data set;
:mod:`unrolled.experiments.repetition` trains one recipe over folds or seeds, with variants.
"""
