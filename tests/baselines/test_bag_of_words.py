"""TF-IDF regression, the baseline of classifiers."""

import pytest

from cases import sentences
from unrolled.baselines.bag_of_words import GRID, fit_bag_of_words


def make_texts(count, seed):
    rows = sentences(count, seed)
    return [" ".join(words) for words, _ in rows], [label for _, label in rows]


@pytest.mark.parametrize("characters", [False, True])
def test_the_words_that_determine_the_label_are_learned(characters):
    model = fit_bag_of_words(*make_texts(60, 1), characters=characters)
    X, y = make_texts(40, 2)
    assert model.score(X, y) == 1.0
    chosen = model.best_params_
    assert set(chosen) == ({"regression__C"} if characters else set(GRID))


def test_the_same_seed_chooses_the_same_parameters():
    one, two = (fit_bag_of_words(*make_texts(60, 3), seed=4) for _ in range(2))
    assert one.best_params_ == two.best_params_


def test_too_few_examples_of_a_label_are_not_tuned():
    model = fit_bag_of_words(["a b", "c d", "a", "b"], ["x", "y", "x", "x"])
    assert not hasattr(model, "best_params_")
    assert model.predict(["a"]).tolist() == ["x"]
