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


def split_fold(labelled: Labelled, folds: int, number: int) -> Split:
    """Return what fold ``number``, from 1, is trained and tested on.

    Raises:
        ConfigError: if a label has fewer examples than there are folds.
    """
    train, test = fold_rows(labelled.labels, folds, number)
    return Split(labelled.take(train), labelled.take(test), test)


def fold_rows(labels: Sequence[Any], folds: int, number: int) -> tuple[Rows, Rows]:
    """Return the rows to train and to test on; the folds are stratified, and shuffled the same way each time.

    Raises:
        ConfigError: if a label has fewer examples than there are folds.
    """
    names = [str(label) for label in labels]
    fewest = int(np.unique(names, return_counts=True)[1].min())
    if fewest < folds:
        raise ConfigError(f"{folds} folds need as many examples of each label; one has {fewest}")
    kfold = StratifiedKFold(folds, shuffle=True, random_state=0)
    train, test = list(kfold.split(np.zeros(len(names)), names))[number - 1]
    return train, test
