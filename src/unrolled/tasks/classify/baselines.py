"""Classifiers without gradients: the most frequent label, and bag of words."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.baselines.bag_of_words import fit_bag_of_words, fit_quick_bag
from unrolled.data import Labelled
from unrolled.extras import extra
from unrolled.tasks.base.better import beside
from unrolled.tasks.classify.data import hold_out

with extra("classify", "a baseline of classifiers"):
    from sklearn.metrics import accuracy_score, f1_score

Labels = NDArray[np.str_]
MOST_FREQUENT, TF_IDF = "most frequent label", "TF-IDF, linear SVM"
MOST_COUNTED = 50_000
"""Texts that TF-IDF is fitted on, about: of more, the same share of each label."""


@dataclass(frozen=True)
class BaselineResult:
    """Predictions of a baseline, and its cost."""

    true: Labels
    """(N,) labels of the test examples, as text."""
    predicted: Labels
    """(N,)"""
    parameters: int
    bytes: int
    seconds: float
    """Duration of fitting."""
    rate: float
    """Predictions per second."""

    @property
    def scores(self) -> dict[str, float]:
        """Accuracy and macro F1, as :class:`ClassifierScore` defines them."""
        return {
            "accuracy": float(accuracy_score(self.true, self.predicted)),
            "macro_f1": float(f1_score(self.true, self.predicted, average="macro", zero_division=0.0)),
        }


def most_frequent(train: Labelled, test: Labelled) -> BaselineResult:
    """Predict the most frequent label of the training data."""
    began = time.perf_counter()
    kinds, counts = np.unique(_texts(train.labels), return_counts=True)
    most = kinds[counts.argmax()]
    fitted = time.perf_counter()
    predicted = np.full(len(test.items), most)
    rate = len(predicted) / (time.perf_counter() - fitted)
    return BaselineResult(_texts(test.labels), predicted, 0, 0, fitted - began, rate)


def bag_of_words(train: Labelled, test: Labelled, *, characters: bool, seed: int) -> BaselineResult:
    """Fit TF-IDF features and logistic regression; see :func:`fit_bag_of_words`.

    Args:
        train: texts and labels.
        test: the same.
        characters: count characters instead of words.
        seed: of the folds inside the training part by which it is tuned.
    """
    items: list[Any] = train.items
    began = time.perf_counter()
    model = fit_bag_of_words(items, train.labels, characters=characters, seed=seed)
    fitted = time.perf_counter()
    predicted = _texts(model.predict(test.items))
    rate = len(predicted) / (time.perf_counter() - fitted)
    coefficients = getattr(model, "best_estimator_", model)["regression"].coef_
    size = coefficients.size + coefficients.shape[0]
    return BaselineResult(_texts(test.labels), predicted, size, coefficients.nbytes, fitted - began, rate)


def compare_baselines(
    scores: Mapping[str, Any], train: Labelled, parts: Mapping[str, Labelled], *, characters: bool
) -> dict[str, Any]:
    """Return the accuracy of the baselines on each part, and a sentence if one is better than the model.

    Args:
        scores: of the model on each part, as :meth:`ClassifierScore.to_json` returns them.
        train: what the model was trained on.
        parts: what both are scored on.
        characters: count characters instead of words.
    """
    if not parts:
        return {}
    texts = isinstance(train.items[0], str)
    counted = _some(train)
    items: list[Any] = counted.items
    bag = fit_quick_bag(items, counted.labels, characters=characters) if texts else None
    bag_name = TF_IDF + (f" ({len(items):,} texts)" if len(items) < len(train.labels) else "")
    kinds, counts = np.unique(_texts(train.labels), return_counts=True)
    figures: dict[str, dict[str, float]] = {MOST_FREQUENT: {}, **({bag_name: {}} if texts else {})}
    for part, tested in parts.items():
        true = _texts(tested.labels)
        figures[MOST_FREQUENT][part] = float(np.mean(true == kinds[counts.argmax()]))
        if bag is not None:
            figures[bag_name][part] = float(np.mean(true == bag.predict(tested.items)))
    deciding = "test" if "test" in parts else "valid"
    own = scores[deciding]["accuracy"]
    error = math.sqrt(2 * own * (1 - own) / len(parts[deciding].labels))
    accuracies = {name: found[deciding] for name, found in figures.items()}
    return {"baselines": figures} | beside("accuracy", own, accuracies, higher=True, error=error)


def _some(train: Labelled) -> Labelled:
    """Return what is counted of many examples."""
    share = MOST_COUNTED / len(train.labels)
    return train if share >= 1 else train.take(hold_out(train.labels, share, seed=0)[1])


def _texts(labels: Sequence[Any]) -> Labels:
    return np.array([str(label) for label in labels])
