"""Bag of words: TF-IDF features and logistic regression, tuned by cross-validation on the training data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.extras import extra

with extra("classify", "a classifier"):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC

GRID: dict[str, list[Any]] = {
    "tfidf__ngram_range": [(1, 1), (1, 2)],
    "regression__C": [1.0, 3.0, 10.0, 30.0],
}
"""Grid for word features. For characters the n-gram range is fixed at one to four, and only C is tuned."""
INNER_FOLDS = 3


def fit_bag_of_words(
    texts: Sequence[str], labels: Sequence[Any], *, characters: bool = False, seed: int = 0
) -> Any:
    """Return a fitted scikit-learn model with ``predict``.

    Words are separated by white space and lower-cased; term frequencies are sublinear, 1 + log tf. The values
    of :data:`GRID` are chosen by accuracy over three stratified folds of the texts, if every label has at
    least three texts.
    """
    by_word = {"token_pattern": r"\S+", "analyzer": "word"}
    by_character = {"analyzer": "char_wb", "ngram_range": (1, 4)}
    model = Pipeline(
        [
            ("tfidf", TfidfVectorizer(sublinear_tf=True, **(by_character if characters else by_word))),
            ("regression", LogisticRegression(C=10.0, max_iter=2000)),
        ]
    )
    fewest = int(np.unique(np.asarray(labels), return_counts=True)[1].min())
    if fewest < INNER_FOLDS:
        return model.fit(list(texts), labels)
    grid = {"regression__C": [3.0, 10.0, 30.0, 100.0]} if characters else GRID
    folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed)
    return GridSearchCV(model, grid, cv=folds, scoring="accuracy").fit(list(texts), labels)


def fit_quick_bag(texts: Sequence[str], labels: Sequence[Any], *, characters: bool = False) -> Any:
    """Return a fitted linear SVM on TF-IDF features, with ``predict``; fitting takes seconds.

    Features are words and punctuation marks and pairs of them, or one to four characters within words.
    Nothing is tuned.
    """
    by_word = {"token_pattern": r"\w+|[^\w\s]", "ngram_range": (1, 2)}
    by_character = {"analyzer": "char_wb", "ngram_range": (1, 4)}
    features = TfidfVectorizer(sublinear_tf=True, **(by_character if characters else by_word))
    names = [str(label) for label in labels]
    return Pipeline([("tfidf", features), ("svm", LinearSVC(random_state=0))]).fit(list(texts), names)
