"""Stratified folds of labelled data, for cross-validation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data import Labelled
from unrolled.errors import ConfigError
from unrolled.extras import extra

with extra("classify", "cross-validation"):
    from sklearn.model_selection import StratifiedKFold

Rows = NDArray[np.int64]


class Split(NamedTuple):
    """The parts of one fold."""

    train: Labelled
    test: Labelled
    rows: Rows
    """Numbers of the test examples in the whole data."""


def split_fold(labelled: Labelled, folds: int, number: int, *, keep_rare: bool = False) -> Split:
    """Return what fold ``number``, from 1, is trained and tested on; see :func:`fold_rows`."""
    train, test = fold_rows(labelled.labels, folds, number, keep_rare=keep_rare)
    return Split(labelled.take(train), labelled.take(test), test)


def fold_rows(
    labels: Sequence[Any], folds: int, number: int, *, keep_rare: bool = False
) -> tuple[Rows, Rows]:
    """Return the rows to train and to test on; the folds are stratified, and shuffled the same way each time.

    Args:
        labels: of all rows.
        folds: how many.
        number: of the fold to test on, from 1.
        keep_rare: always train on labels with fewer examples than there are folds, and never test on them.

    Raises:
        ConfigError: if a label, or with ``keep_rare`` every label but one, has fewer examples than there are
            folds.
    """
    names = np.array([str(label) for label in labels])
    rare = rare_labels(labels, folds)
    if rare and (not keep_rare or len(rare) >= len(np.unique(names)) - 1):
        fewest = min(np.sum(names == name) for name in rare)
        raise ConfigError(f"{folds} folds need as many examples of each label; one has {fewest}")
    divided = np.flatnonzero(~np.isin(names, rare))
    kfold = StratifiedKFold(folds, shuffle=True, random_state=0)
    _, test = list(kfold.split(np.zeros(len(divided)), names[divided]))[number - 1]
    return np.setdiff1d(np.arange(len(names)), divided[test]), divided[test]


def rare_labels(labels: Sequence[Any], folds: int) -> list[str]:
    """Return the labels, as text, with fewer examples than there are folds."""
    names, counts = np.unique([str(label) for label in labels], return_counts=True)
    return [str(name) for name in names[counts < folds]]
