"""Baselines of a classifier, and the sentence that is reported if one of them is better."""

import numpy as np
import pytest

import unrolled as ur
from unrolled.baselines.bag_of_words import fit_quick_bag
from unrolled.data import Labelled
from unrolled.tasks.classify import baselines
from unrolled.tasks.classify.baselines import compare_baselines

TRAIN = Labelled(["good film", "fine film", "bad film", "dull film"] * 10, ["p", "p", "n", "n"] * 10)
TEST = Labelled(["good", "bad", "fine", "dull"] * 10, ["p", "n", "p", "n"] * 10)


def compare(accuracy, parts=("valid",)):
    scores = {part: {"accuracy": accuracy} for part in parts}
    return compare_baselines(scores, TRAIN, dict.fromkeys(parts, TEST), characters=False)


@pytest.mark.parametrize("parts", [("valid",), ("valid", "test")])
def test_a_baseline_that_is_better_is_named(parts):
    report = compare(0.6, parts)
    assert report["baselines"]["most frequent label"] == dict.fromkeys(parts, 0.5)
    assert report["baselines"]["TF-IDF, linear SVM"] == dict.fromkeys(parts, 1.0)
    assert report["better_baseline"].startswith(
        "TF-IDF, linear SVM is the better choice here: accuracy 1, this mod"
    )


def test_a_difference_within_its_error_is_reported():
    assert compare(1.0)["better_baseline"] == ""
    report = compare(0.98)
    assert report["better_baseline"].startswith(
        "TF-IDF, linear SVM does as well here: accuracy 1, this model 0.98"
    )
    assert report["beside"]["baselines"] == {"most frequent label": 0.5, "TF-IDF, linear SVM": 1.0}


def test_large_data_are_subsampled_for_the_baseline(monkeypatch):
    monkeypatch.setattr(baselines, "MAX_TFIDF_TEXTS", 12)
    assert "TF-IDF, linear SVM (12 texts)" in compare(0.5)["baselines"]


@pytest.mark.parametrize("characters", [False, True])
def test_the_quick_bag_learns_the_labels(characters):
    model = fit_quick_bag(TRAIN.items, TRAIN.labels, characters=characters)
    assert model.predict(TEST.items).tolist() == TEST.labels


def test_vectors_have_no_bag_of_words_baseline():
    X = [np.full((3, 1), i % 2, dtype=np.float32) for i in range(40)]
    model = ur.Classifier(hidden=4, max_steps=1, threads=1).fit(X, [i % 2 for i in range(40)])
    assert list(model.result["baselines"]) == ["most frequent label"]
