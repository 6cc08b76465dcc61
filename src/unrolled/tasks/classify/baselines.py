"""Baselines for classifiers: the most frequent label, and bag of words."""

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
from unrolled.tasks.base.baseline_comparison import compare_with_baselines
from unrolled.tasks.classify.data import hold_out

with extra("classify", "a classifier"):
    from sklearn.metrics import accuracy_score, f1_score

Labels = NDArray[np.str_]
MOST_FREQUENT, TF_IDF = "most frequent label", "TF-IDF, linear SVM"
MAX_TFIDF_TEXTS = 50_000
"""Approximate largest number of texts that TF-IDF is fitted on; larger data are subsampled by label."""


@dataclass(frozen=True)
class BaselineResult:
    """Predictions of a baseline, and its cost."""

    true: Labels
    """Labels of the test examples as text, (N,)."""
    predicted: Labels
    """Predicted labels as text, (N,)."""
    parameters: int
    bytes: int
    seconds: float
    """Time to fit the baseline."""
    rate: float
    """Predictions per second."""

    @property
    def scores(self) -> dict[str, float]:
        """Accuracy and macro F1, as :class:`ClassifierScore` defines them."""
        return {
            "accuracy": float(accuracy_score(self.true, self.predicted)),
            "macro_f1": float(f1_score(self.true, self.predicted, average="macro", zero_division=0.0)),
        }


def run_most_frequent(train: Labelled, test: Labelled) -> BaselineResult:
    """Predict the most frequent label of the training data for every test example."""
    began = time.perf_counter()
    classes, counts = np.unique(_as_text(train.labels), return_counts=True)
    most_frequent = classes[counts.argmax()]
    fitted = time.perf_counter()
    predicted = np.full(len(test.items), most_frequent)
    rate = len(predicted) / (time.perf_counter() - fitted)
    return BaselineResult(_as_text(test.labels), predicted, 0, 0, fitted - began, rate)


def run_bag_of_words(train: Labelled, test: Labelled, *, characters: bool, seed: int) -> BaselineResult:
    """Fit TF-IDF features with logistic regression, and predict the test texts.

    Args:
        train: training texts and labels; see :func:`fit_bag_of_words`.
        test: test texts and labels.
        characters: count characters instead of words.
        seed: seed of the folds of the training data that the regularisation is tuned on.
    """
    items: list[Any] = train.items
    began = time.perf_counter()
    model = fit_bag_of_words(items, train.labels, characters=characters, seed=seed)
    fitted = time.perf_counter()
    predicted = _as_text(model.predict(test.items))
    rate = len(predicted) / (time.perf_counter() - fitted)
    coefficients = getattr(model, "best_estimator_", model)["regression"].coef_
    size = coefficients.size + coefficients.shape[0]
    return BaselineResult(_as_text(test.labels), predicted, size, coefficients.nbytes, fitted - began, rate)


def compare_baselines(
    scores: Mapping[str, Any], train: Labelled, parts: Mapping[str, Labelled], *, characters: bool
) -> dict[str, Any]:
    """Return the accuracy of each baseline on each part, and a sentence if one beats the model.

    Args:
        scores: scores of the model on each part, from :meth:`ClassifierScore.to_json`.
        train: training data of the model.
        parts: data that the model and the baselines are scored on, by name ("valid", "test").
        characters: count characters instead of words.
    """
    if not parts:
        return {}
    is_text = isinstance(train.items[0], str)
    sample = _subsample(train)
    items: list[Any] = sample.items
    bag = fit_quick_bag(items, sample.labels, characters=characters) if is_text else None
    bag_name = TF_IDF + (f" ({len(items):,} texts)" if len(items) < len(train.labels) else "")
    classes, counts = np.unique(_as_text(train.labels), return_counts=True)
    accuracies: dict[str, dict[str, float]] = {MOST_FREQUENT: {}, **({bag_name: {}} if is_text else {})}
    for part, labelled in parts.items():
        true = _as_text(labelled.labels)
        accuracies[MOST_FREQUENT][part] = float(np.mean(true == classes[counts.argmax()]))
        if bag is not None:
            accuracies[bag_name][part] = float(np.mean(true == bag.predict(labelled.items)))
    decisive_part = "test" if "test" in parts else "valid"
    accuracy = scores[decisive_part]["accuracy"]
    error = math.sqrt(2 * accuracy * (1 - accuracy) / len(parts[decisive_part].labels))
    baselines = {name: by_part[decisive_part] for name, by_part in accuracies.items()}
    return {"baselines": accuracies} | compare_with_baselines(
        "accuracy", accuracy, baselines, higher=True, error=error
    )


def _subsample(train: Labelled) -> Labelled:
    """Return about :data:`MAX_TFIDF_TEXTS` examples, stratified by label, or all if there are fewer."""
    fraction = MAX_TFIDF_TEXTS / len(train.labels)
    return train if fraction >= 1 else train.take(hold_out(train.labels, fraction, seed=0)[1])


def _as_text(labels: Sequence[Any]) -> Labels:
    return np.array([str(label) for label in labels])
