"""What a model must beat: uniform, unigram and bigram probabilities by counting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.baselines.ngram import Smoothing, Texts, count_ngrams, estimate

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class CountBaselines:
    """Mean negative log-probability in nats a token on held-out text."""

    uniform: float
    unigram: float
    bigram: float


def count_baselines(train: Ids, held_out: Ids, vocabulary: int) -> CountBaselines:
    """Estimate on ``train`` and score ``held_out``; both begin with the token that the first follows.

    The unigram adds one to every count (Laplace), the bigram is Witten & Bell's (1991); see
    :func:`unrolled.baselines.ngram.estimate`.
    """
    start = np.zeros(1, dtype=np.int64)
    learnt, asked = Texts(train, start), Texts(held_out, start)

    def nats(order: int, smoothing: Smoothing) -> float:
        table = estimate(count_ngrams(learnt, order, vocabulary), smoothing)
        return -float(table.score(asked).mean())

    return CountBaselines(
        uniform=float(np.log(vocabulary)), unigram=nats(1, "add-k"), bigram=nats(2, "witten-bell")
    )
