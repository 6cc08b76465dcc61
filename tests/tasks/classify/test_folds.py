"""Stratified folds."""

import numpy as np
import pytest

from unrolled.data import Labelled
from unrolled.errors import ConfigError
from unrolled.tasks.classify.folds import split_fold

LABELLED = Labelled([f"text {i}" for i in range(30)], [i % 3 for i in range(30)])


def test_the_folds_partition_the_data():
    splits = [split_fold(LABELLED, 5, number) for number in range(1, 6)]
    np.testing.assert_array_equal(np.sort(np.concatenate([s.rows for s in splits])), np.arange(30))
    for train, test, rows in splits:
        assert [LABELLED.items[row] for row in rows] == test.items
        assert sorted(train.items + test.items) == sorted(LABELLED.items)
        assert [test.labels.count(label) for label in range(3)] == [2, 2, 2]


def test_folds_are_reproducible():
    np.testing.assert_array_equal(split_fold(LABELLED, 5, 2).rows, split_fold(LABELLED, 5, 2).rows)


def test_more_folds_than_examples_of_a_label_are_refused():
    with pytest.raises(ConfigError, match="11 folds need as many examples of each label; one has 10"):
        split_fold(LABELLED, 11, 1)


def test_rare_labels_can_be_kept_for_training():
    rare = Labelled([*LABELLED.items, "one", "two"], [*LABELLED.labels, 7, 8])
    splits = [split_fold(rare, 5, number, keep_rare=True) for number in range(1, 6)]
    np.testing.assert_array_equal(np.sort(np.concatenate([s.rows for s in splits])), np.arange(30))
    assert all({7, 8} <= set(s.train.labels) and not {7, 8} & set(s.test.labels) for s in splits)
    with pytest.raises(ConfigError, match="11 folds need as many examples"):
        split_fold(rare, 11, 1, keep_rare=True)
