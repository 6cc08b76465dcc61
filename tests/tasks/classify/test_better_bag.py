"""The baselines beside a classifier, and the sentence where one of them is better."""

import numpy as np
import pytest

import unrolled as ur
from unrolled.baselines.bag_of_words import fit_quick_bag
from unrolled.data import Labelled
from unrolled.tasks.classify import baselines
from unrolled.tasks.classify.baselines import compare_baselines

TRAIN = Labelled(["good film", "fine film", "bad film", "dull film"] * 10, ["p", "p", "n", "n"] * 10)
TEST = Labelled(["good", "bad", "fine", "dull"] * 10, ["p", "n", "p", "n"] * 10)


def compared(accuracy, parts=("valid",)):
    scores = {part: {"accuracy": accuracy} for part in parts}
    return compare_baselines(scores, TRAIN, dict.fromkeys(parts, TEST), characters=False)


@pytest.mark.parametrize("parts", [("valid",), ("valid", "test")])
def test_a_baseline_that_is_better_is_named(parts):
    found = compared(0.6, parts)
    assert found["baselines"]["most frequent label"] == dict.fromkeys(parts, 0.5)
    assert found["baselines"]["TF-IDF, linear SVM"] == dict.fromkeys(parts, 1.0)
    assert found["better_baseline"].startswith(
        "TF-IDF, linear SVM is the better choice here: accuracy 1, this mod"
    )


def test_a_difference_within_its_error_is_told_as_such():
    assert compared(1.0)["better_baseline"] == ""
    found = compared(0.98)
    assert found["better_baseline"].startswith(
        "TF-IDF, linear SVM does as well here: accuracy 1, this model 0.98"
    )
    assert found["beside"]["baselines"] == {"most frequent label": 0.5, "TF-IDF, linear SVM": 1.0}


def test_of_many_texts_some_are_counted(monkeypatch):
    monkeypatch.setattr(baselines, "MAX_TFIDF_TEXTS", 12)
    assert "TF-IDF, linear SVM (12 texts)" in compared(0.5)["baselines"]


@pytest.mark.parametrize("characters", [False, True])
def test_the_quick_bag_tells_words_apart(characters):
    model = fit_quick_bag(TRAIN.items, TRAIN.labels, characters=characters)
    assert model.predict(TEST.items).tolist() == TEST.labels


def test_vectors_have_no_bag():
    X = [np.full((3, 1), i % 2, dtype=np.float32) for i in range(40)]
    model = ur.Classifier(hidden=4, max_steps=1, threads=1).fit(X, [i % 2 for i in range(40)])
    assert list(model.result["baselines"]) == ["most frequent label"]
