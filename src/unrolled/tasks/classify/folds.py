"""Stratified folds of labelled data, for cross-validation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from unrolled.arrays import Ids
from unrolled.data import Labelled
from unrolled.errors import ConfigError
from unrolled.extras import extra

with extra("classify", "cross-validation"):
    from sklearn.model_selection import StratifiedKFold


class Split(NamedTuple):
    """The training and test examples of one fold."""

    train: Labelled
    test: Labelled
    rows: Ids
    """Row numbers of the test examples in the complete data."""


def split_fold(labelled: Labelled, folds: int, number: int, *, keep_rare: bool = False) -> Split:
    """Return the training and test examples of fold ``number``, counted from 1; see :func:`fold_rows`."""
    train, test = fold_rows(labelled.labels, folds, number, keep_rare=keep_rare)
    return Split(labelled.take(train), labelled.take(test), test)


def fold_rows(labels: Sequence[Any], folds: int, number: int, *, keep_rare: bool = False) -> tuple[Ids, Ids]:
    """Return the rows to train on and to test on. Folds are stratified and shuffled with a fixed seed.

    Args:
        labels: labels of all rows.
        folds: number of folds.
        number: number of the fold to test on, from 1.
        keep_rare: always train on labels with fewer examples than there are folds, and never test on them.

    Raises:
        ConfigError: if a label has fewer examples than there are folds; with ``keep_rare``, if fewer than two
            labels have enough.
    """
    names = np.array([str(label) for label in labels])
    rare = find_rare_labels(labels, folds)
    if rare and (not keep_rare or len(rare) >= len(np.unique(names)) - 1):
        fewest = min(np.sum(names == name) for name in rare)
        raise ConfigError(f"{folds} folds need as many examples of each label; one has {fewest}")
    frequent = np.flatnonzero(~np.isin(names, rare))
    kfold = StratifiedKFold(folds, shuffle=True, random_state=0)
    _, test = list(kfold.split(np.zeros(len(frequent)), names[frequent]))[number - 1]
    return np.setdiff1d(np.arange(len(names)), frequent[test]), frequent[test]


def find_rare_labels(labels: Sequence[Any], folds: int) -> list[str]:
    """Return the labels with fewer examples than there are folds, as text."""
    names, counts = np.unique([str(label) for label in labels], return_counts=True)
    return [str(name) for name in names[counts < folds]]
