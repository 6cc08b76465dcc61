"""What a model must beat: probabilities by counting, from uniform to five-grams."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.baselines.ngram import DiscountWarning, Smoothing, Texts, count_ngrams, estimate, longest_order

Ids = NDArray[np.int64]

ORDER = 5
MOST = 20_000_000
"""Tokens up to which five-grams are counted: of more, their tables need more memory than training does."""


@dataclass(frozen=True)
class CountBaselines:
    """Mean negative log-probability in nats a token on held-out text."""

    uniform: float
    unigram: float
    bigram: float
    five_gram: float
    """NaN if the training text has more than :data:`MOST` tokens."""


def count_baselines(train: Ids, held_out: Ids, vocabulary: int) -> CountBaselines:
    """Estimate on ``train`` and score ``held_out``; both begin with the token that the first follows.

    The unigram adds one to every count (Laplace), the bigram is Witten & Bell's (1991), and the five-gram has
    modified Kneser-Ney smoothing (Chen & Goodman 1998), or the usual discounts if the text is too short to
    estimate them; see :func:`unrolled.baselines.ngram.estimate`. A text of fewer than five tokens has n-grams
    of its own length.
    """
    start = np.zeros(1, dtype=np.int64)
    learnt, asked = Texts(train, start), Texts(held_out, start)

    def nats(order: int, smoothing: Smoothing) -> float:
        table = estimate(count_ngrams(learnt, order, vocabulary), smoothing)
        return -float(table.score(asked).mean())

    def five_gram() -> float:
        if len(train) > MOST:
            return float("nan")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DiscountWarning)  # as documented
            return nats(min(ORDER, longest_order(learnt)), "modified-kneser-ney")

    return CountBaselines(
        uniform=float(np.log(vocabulary)),
        unigram=nats(1, "add-k"),
        bigram=nats(2, "witten-bell"),
        five_gram=five_gram(),
    )
