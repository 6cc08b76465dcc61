"""Baselines of language models: probabilities by counting, from uniform to five-grams."""

import warnings
from dataclasses import dataclass

import numpy as np

from unrolled.arrays import Ids
from unrolled.baselines.ngram import DiscountWarning, Smoothing, Texts, count_ngrams, estimate, longest_order

ORDER = 5
MAX_TOKENS = 20_000_000
"""Largest number of tokens for five-grams: beyond it, their tables need more memory than training."""


@dataclass(frozen=True)
class CountBaselines:
    """Mean negative log-probability of each baseline on held-out text, in nats per token."""

    uniform: float
    unigram: float
    bigram: float
    five_gram: float
    """NaN if the training text has more than :data:`MAX_TOKENS` tokens."""


def count_baselines(train: Ids, held_out: Ids, vocabulary: int) -> CountBaselines:
    """Fit the baselines on ``train`` and score ``held_out``; both start with a token that is only context.

    The unigram adds one to every count (Laplace), the bigram is Witten & Bell's (1991), and the five-gram has
    modified Kneser-Ney smoothing (Chen & Goodman 1998), or the usual discounts if the text is too short to
    estimate them; see :func:`unrolled.baselines.ngram.estimate`. For a text of fewer than five tokens, the
    order is its length.
    """
    start = np.zeros(1, dtype=np.int64)
    train_texts, held_out_texts = Texts(train, start), Texts(held_out, start)

    def nats(order: int, smoothing: Smoothing) -> float:
        table = estimate(count_ngrams(train_texts, order, vocabulary), smoothing)
        return -float(table.score(held_out_texts).mean())

    def five_gram() -> float:
        if len(train) > MAX_TOKENS:
            return float("nan")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DiscountWarning)  # documented above
            return nats(min(ORDER, longest_order(train_texts)), "modified-kneser-ney")

    return CountBaselines(
        uniform=float(np.log(vocabulary)),
        unigram=nats(1, "add-k"),
        bigram=nats(2, "witten-bell"),
        five_gram=five_gram(),
    )
