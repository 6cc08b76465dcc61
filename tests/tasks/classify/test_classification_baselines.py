"""Baseline classifiers, with metrics checked against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from unrolled.baselines.bag_of_words import fit_bag_of_words
from unrolled.data import Labelled
from unrolled.tasks.classify.baselines import run_bag_of_words, run_most_frequent

TRAIN = Labelled([*["good film"] * 4, *["bad film"] * 2, *["odd film"] * 2], [1] * 4 + [2] * 2 + [3] * 2)
TEST = Labelled(["good", "bad", "odd film", "bad film"], [1, 2, 3, 3])


def test_the_most_frequent_label():
    result = run_most_frequent(TRAIN, TEST)
    assert result.predicted.tolist() == ["1"] * 4
    assert result.scores["accuracy"] == 0.25
    assert result.scores["macro_f1"] == pytest.approx(0.4 / 3)
    assert (result.parameters, result.bytes) == (0, 0)


@pytest.mark.parametrize("characters", [False, True])
def test_bag_of_words(characters):
    result = run_bag_of_words(TRAIN, TEST, characters=characters, seed=2)
    expected = fit_bag_of_words(TRAIN.items, TRAIN.labels, characters=characters, seed=2).predict(TEST.items)
    assert result.predicted.tolist() == [str(label) for label in expected]
    assert result.scores["accuracy"] == np.mean(expected == np.array(TEST.labels))
    macro = f1_score(TEST.labels, expected, average="macro", zero_division=0.0)
    assert result.scores["macro_f1"] == pytest.approx(macro)
    assert result.parameters > 9
    assert result.rate > 0
