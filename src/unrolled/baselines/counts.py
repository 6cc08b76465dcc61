"""What a model must beat: uniform, unigram and bigram probabilities by counting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class CountBaselines:
    """Mean negative log-probability in nats a token on held-out text."""

    uniform: float
    unigram: float
    bigram: float


def count_baselines(train: Ids, held_out: Ids, vocabulary: int) -> CountBaselines:
    """Estimate on ``train`` and score ``held_out``; both begin with the token that the first follows.

    The unigram adds one to every count (Laplace). The bigram is interpolated with it by Witten & Bell's
    rule (1991): p(w|v) = (n(v,w) + t(v) p(w)) / (n(v) + t(v)), t(v) the number of kinds seen after v.
    """
    counts = np.bincount(train[1:], minlength=vocabulary).astype(np.float64)
    unigram = (counts + 1.0) / (counts.sum() + vocabulary)
    pairs, pair_counts = np.unique(train[:-1] * vocabulary + train[1:], return_counts=True)
    followers = np.bincount(pairs // vocabulary, minlength=vocabulary).astype(np.float64)
    contexts = np.bincount(train[:-1], minlength=vocabulary).astype(np.float64)
    before, after = held_out[:-1], held_out[1:]
    asked = before * vocabulary + after
    place = np.minimum(np.searchsorted(pairs, asked), len(pairs) - 1)
    seen = np.where(pairs[place] == asked, pair_counts[place], 0.0)
    p = unigram[after]
    weight = contexts[before] + followers[before]
    bigram = np.where(weight > 0, (seen + followers[before] * p) / np.maximum(weight, 1.0), p)
    return CountBaselines(
        uniform=float(np.log(vocabulary)),
        unigram=float(-np.log(p).mean()),
        bigram=float(-np.log(bigram).mean()),
    )
