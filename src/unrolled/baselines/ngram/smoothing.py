"""Estimation of probabilities from counts: maximum likelihood, add-k, Witten-Bell and Kneser-Ney."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.baselines.ngram.counts import NGramCounts
from unrolled.baselines.ngram.table import NGramTable
from unrolled.errors import ConfigError

Smoothing = Literal["mle", "add-k", "witten-bell", "kneser-ney", "modified-kneser-ney"]
SMOOTHINGS: tuple[Smoothing, ...] = ("mle", "add-k", "witten-bell", "kneser-ney", "modified-kneser-ney")
FALLBACK = (0.5, 1.0, 1.5)
"""Discounts of counts 1, 2 and 3 or more, if the counts of counts do not determine them."""


class DiscountWarning(UserWarning):
    """Kneser-Ney discounts of an order could not be estimated; the defaults are used instead."""


@dataclass(frozen=True)
class Terms:
    """Terms of the interpolation of one order: p(w|h) = frequency(hw) + backoff(h) · p(w|h').

    h' is h without its first token. Add-k does not use the lower order: p(w|h) = frequency(hw).
    """

    frequency: Numbers
    """Discounted or smoothed relative frequency of each n-gram."""
    backoff: Numbers
    """Weight of the lower order for each context; 1 for a context that nothing follows. For add-k, the
    probability of each unseen token."""


def estimate(counts: NGramCounts, smoothing: Smoothing, k: float = 1.0) -> NGramTable:
    """Estimate the probabilities of a model from counts.

    ======================= ==========================================================================
    mle                     c(hw) / c(h); an unseen context is shortened until it was seen
    add-k                   (c(hw) + k) / (c(h) + kV) (Laplace, k = 1; Lidstone)
    witten-bell             (c(hw) + t(h) p(w|h')) / (c(h) + t(h)); t(h) is the number of distinct tokens
                            seen after h, and h' is h without its first token (Witten & Bell 1991)
    kneser-ney              max(a(hw) − D, 0) / a(h) + γ(h) p(w|h'), D = n1 / (n1 + 2 n2) (Kneser & Ney 1995,
                            interpolated as Chen & Goodman 1999)
    modified-kneser-ney     the same with discounts D1, D2, D3+ of counts 1, 2, 3 or more (Chen & Goodman
                            1999, eq. 26)
    ======================= ==========================================================================

    In the highest order a(·) is the count. In lower orders it is the number of distinct tokens that precede
    the n-gram, where the start of a text counts as a token; n-grams that start with ``<s>`` keep their count.
    n1, n2 … are the numbers of n-grams with a(·) = 1, 2 …. Below the unigrams is the uniform distribution
    over V.

    Raises:
        ConfigError: if the smoothing is unknown, or k is not positive.

    Warns:
        DiscountWarning: if the counts of an order do not determine the discounts; :data:`FALLBACK` is used
            instead, as by ``lmplz --discount_fallback``.
    """
    if smoothing not in SMOOTHINGS:
        raise ConfigError(f"smoothing={smoothing!r}: is not one of {', '.join(SMOOTHINGS)}")
    if smoothing == "add-k" and not 0 < k < np.inf:
        raise ConfigError(f"k={k}: must be positive; smoothing='mle' adds nothing")
    discounts: list[tuple[float, ...]] = []
    probabilities: list[Numbers] = []
    backoffs: list[Numbers] = []
    for n in range(1, counts.order + 1):
        gram_counts = (
            _adjusted_counts(counts, n) if smoothing.endswith("kneser-ney") else _raw_counts(counts, n)
        )
        parents, contexts = _get_contexts(counts, n)
        if smoothing.endswith("kneser-ney"):
            d = _estimate_discounts(
                gram_counts[gram_counts > 0], n, modified=smoothing.startswith("modified")
            )
            discounts.append(d)
            terms = _absolute_discounting(gram_counts, parents, contexts, d)
        else:
            terms = _relative_frequencies(gram_counts, parents, contexts, smoothing, k, counts.vocabulary)
        lower = _lower_order(counts, n, probabilities)
        blended = smoothing != "add-k"
        probabilities.append(terms.frequency + (terms.backoff[parents] * lower if blended else 0.0))
        backoffs.append(terms.backoff)
    # The opening symbol of a sentence is in the table of unigrams, but it is never predicted.
    probabilities[0][counts.vocabulary] = 0.0
    return NGramTable(
        vocabulary=counts.vocabulary,
        keys=tuple(level.keys for level in counts.levels),
        probabilities=tuple(p.astype(np.float32) for p in probabilities),
        backoffs=tuple(b.astype(np.float32) for b in backoffs[1:]),
        blended=smoothing != "add-k",
        discounts=tuple(discounts),
    )


def _raw_counts(counts: NGramCounts, n: int) -> Ids:
    return counts.unigrams if n == 1 else counts.levels[n - 2].counts


def _adjusted_counts(counts: NGramCounts, n: int) -> Ids:
    """Return a(·) of every n-gram of order n."""
    if n == counts.order:
        return _raw_counts(counts, n)
    longer = counts.levels[n - 1]
    size = counts.base if n == 1 else len(counts.levels[n - 2].keys)
    before = np.bincount(longer.suffix, minlength=size)
    if n == 1:
        return before
    level = counts.levels[n - 2]
    first = _first_tokens(counts, n)
    begins = first == counts.vocabulary
    return np.where(begins, level.counts, before + level.opening)


def _first_tokens(counts: NGramCounts, n: int) -> Ids:
    """Return the first token of every n-gram of order n ≥ 2."""
    ids = counts.levels[n - 2].keys // counts.base
    for level in reversed(counts.levels[: n - 2]):
        ids = level.keys[ids] // counts.base
    return ids


def _get_contexts(counts: NGramCounts, n: int) -> tuple[Ids, int]:
    """Return the id of the context of every n-gram, and the number of possible contexts."""
    if n == 1:
        return np.zeros(counts.base, dtype=np.int64), 1
    contexts = counts.base if n == 2 else len(counts.levels[n - 3].keys)
    return counts.levels[n - 2].keys // counts.base, contexts


def _lower_order(counts: NGramCounts, n: int, probabilities: list[Numbers]) -> Numbers | float:
    """Return p of every n-gram without its first token."""
    if n == 1:
        return 1.0 / counts.vocabulary
    return probabilities[n - 2][counts.levels[n - 2].suffix]


def _estimate_discounts(gram_counts: Ids, n: int, *, modified: bool) -> tuple[float, ...]:
    """Return the discounts of counts 1, 2 and 3 or more; if not ``modified``, the single discount."""
    n1, n2, n3, n4 = (int((gram_counts == c).sum()) for c in (1, 2, 3, 4))
    y = n1 / max(n1 + 2 * n2, 1)
    if not modified:
        if n1 and n2:
            return (y,)
    elif n1 and n2 and n3 and n4:
        discounts = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if all(0 < d <= c for c, d in enumerate(discounts, 1)):
            return discounts
    fallback = FALLBACK if modified else FALLBACK[:1]
    warnings.warn(
        f"order {n}: {n1}, {n2}, {n3} and {n4} n-grams counted 1 to 4 times do not determine Kneser-Ney "
        f"discounts; {', '.join(map(str, fallback))} used instead",
        DiscountWarning,
        stacklevel=4,
    )
    return fallback


def _absolute_discounting(
    gram_counts: Ids, parents: Ids, contexts: int, discounts: tuple[float, ...]
) -> Terms:
    table = np.array([0.0, *discounts, *[discounts[-1]] * (3 - len(discounts))])
    subtracted = np.minimum(table[np.minimum(gram_counts, 3)], gram_counts)
    total = np.bincount(parents, gram_counts, minlength=contexts)
    removed = np.bincount(parents, subtracted, minlength=contexts)
    return Terms(_divide(gram_counts - subtracted, total[parents]), _divide(removed, total, 1.0))


def _relative_frequencies(
    gram_counts: Ids, parents: Ids, contexts: int, smoothing: Smoothing, k: float, vocabulary: int
) -> Terms:
    total = np.bincount(parents, gram_counts, minlength=contexts).astype(np.float64)
    if smoothing == "mle":
        return Terms(_divide(gram_counts, total[parents]), np.where(total > 0, 0.0, 1.0))
    if smoothing == "add-k":
        denominator = total + k * vocabulary
        return Terms((gram_counts + k) / denominator[parents], k / denominator)
    distinct = np.bincount(parents, gram_counts > 0, minlength=contexts).astype(np.float64)
    denominator = total + distinct
    return Terms(_divide(gram_counts, denominator[parents]), _divide(distinct, denominator, 1.0))


def _divide(a: Numbers | Ids, b: Numbers | Ids, default: float = 0.0) -> Numbers:
    """Return a / b, with ``default`` where b is 0."""
    out = np.full(len(b), default)
    np.divide(a, b, out=out, where=b > 0)
    return out
