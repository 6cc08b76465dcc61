"""Bag of words: TF-IDF features and logistic regression, tuned by cross-validation on the training part."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.extras import extra

with extra("classify", "bag of words"):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC

GRID: dict[str, list[Any]] = {
    "tfidf__ngram_range": [(1, 1), (1, 2)],
    "regression__C": [1.0, 3.0, 10.0, 30.0],
}
"""What is tried for words; for characters the range is one to four, and C alone is tried."""
INNER_FOLDS = 3


def fit_bag_of_words(
    texts: Sequence[str], labels: Sequence[Any], *, characters: bool = False, seed: int = 0
) -> Any:
    """Return a fitted scikit-learn model with ``predict``.

    Words are what white space separates, lower-cased; term frequencies are sublinear, 1 + log tf. The values
    of :data:`GRID` are chosen by accuracy over three stratified folds of the given texts, if every label has
    three or more of them.
    """
    by_word = {"token_pattern": r"\S+", "analyzer": "word"}
    by_sign = {"analyzer": "char_wb", "ngram_range": (1, 4)}
    model = Pipeline(
        [
            ("tfidf", TfidfVectorizer(sublinear_tf=True, **(by_sign if characters else by_word))),
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
    """Return a fitted linear SVM over TF-IDF features, with ``predict``; it takes seconds.

    Words and signs, and pairs of them; or one to four characters inside words. Nothing is tuned.
    """
    by_word = {"token_pattern": r"\w+|[^\w\s]", "ngram_range": (1, 2)}
    by_sign = {"analyzer": "char_wb", "ngram_range": (1, 4)}
    features = TfidfVectorizer(sublinear_tf=True, **(by_sign if characters else by_word))
    names = [str(label) for label in labels]
    return Pipeline([("tfidf", features), ("svm", LinearSVC(random_state=0))]).fit(list(texts), names)
