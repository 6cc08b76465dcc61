"""Classifiers without gradients beside scikit-learn's own figures."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from unrolled.baselines.bag_of_words import fit_bag_of_words
from unrolled.data import Labelled
from unrolled.tasks.classify.baselines import bag_of_words, most_frequent

TRAIN = Labelled([*["good film"] * 4, *["bad film"] * 2, *["odd film"] * 2], [1] * 4 + [2] * 2 + [3] * 2)
TEST = Labelled(["good", "bad", "odd film", "bad film"], [1, 2, 3, 3])


def test_the_most_frequent_label():
    found = most_frequent(TRAIN, TEST)
    assert found.predicted.tolist() == ["1"] * 4
    assert found.scores["accuracy"] == 0.25
    assert found.scores["macro_f1"] == pytest.approx(0.4 / 3)
    assert (found.parameters, found.bytes) == (0, 0)


@pytest.mark.parametrize("characters", [False, True])
def test_bag_of_words(characters):
    found = bag_of_words(TRAIN, TEST, characters=characters, seed=2)
    expected = fit_bag_of_words(TRAIN.items, TRAIN.labels, characters=characters, seed=2).predict(TEST.items)
    assert found.predicted.tolist() == [str(label) for label in expected]
    assert found.scores["accuracy"] == np.mean(expected == np.array(TEST.labels))
    macro = f1_score(TEST.labels, expected, average="macro", zero_division=0.0)
    assert found.scores["macro_f1"] == pytest.approx(macro)
    assert found.parameters > 9
    assert found.rate > 0
