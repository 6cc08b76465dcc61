"""From counts to probabilities: maximum likelihood, add-k, Witten-Bell and Kneser-Ney."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.baselines.ngram.counts import Ids, NGramCounts
from unrolled.baselines.ngram.table import NGramTable
from unrolled.errors import ConfigError

Smoothing = Literal["mle", "add-k", "witten-bell", "kneser-ney", "modified-kneser-ney"]
SMOOTHINGS: tuple[Smoothing, ...] = ("mle", "add-k", "witten-bell", "kneser-ney", "modified-kneser-ney")
FALLBACK = (0.5, 1.0, 1.5)
"""Discounts of counts 1, 2 and 3 or more where the counts of counts do not determine them."""

Numbers = NDArray[np.float64]


class DiscountWarning(UserWarning):
    """Kneser-Ney discounts of an order could not be estimated, and the usual ones stand in for them."""


@dataclass(frozen=True)
class Shares:
    """What one order does with its counts: p(w|h) = own + rest(h) · p(w|h without its first token)."""

    own: Numbers
    """Of each n-gram."""
    rest: Numbers
    """Of each context; 1 for a context that nothing follows."""


def estimate(counts: NGramCounts, smoothing: Smoothing, k: float = 1.0) -> NGramTable:
    """Return the probabilities of a model.

    ======================= ==========================================================================
    mle                     c(hw) / c(h); a context never seen is shortened until it was
    add-k                   (c(hw) + k) / (c(h) + kV) (Laplace, k = 1; Lidstone)
    witten-bell             (c(hw) + t(h) p(w|h')) / (c(h) + t(h)), t(h) the kinds of token seen after h,
                            h' without its first token (Witten & Bell 1991)
    kneser-ney              max(a(hw) − D, 0) / a(h) + γ(h) p(w|h'), D = n1 / (n1 + 2 n2) (Kneser & Ney 1995,
                            interpolated as Chen & Goodman 1999)
    modified-kneser-ney     the same with discounts D1, D2, D3+ of counts 1, 2, 3 or more (Chen & Goodman
                            1999, eq. 26)
    ======================= ==========================================================================

    a(·) is the count in the highest order; below it the number of distinct tokens that precede the n-gram (a
    text's beginning is one of them; what begins with ``<s>`` keeps its count). n1, n2 … are the numbers of
    n-grams with a(·) = 1, 2 …. The last order is the uniform distribution over V.

    Raises:
        ConfigError: for an unknown smoothing, or k that is not positive.

    Warns:
        DiscountWarning: where an order has too few kinds of counts to estimate discounts by; :data:`FALLBACK`
            stands in, as ``lmplz --discount_fallback`` does.
    """
    if smoothing not in SMOOTHINGS:
        raise ConfigError(f"smoothing={smoothing!r}: is not one of {', '.join(SMOOTHINGS)}")
    if smoothing == "add-k" and not 0 < k < np.inf:
        raise ConfigError(f"k={k}: must be positive; smoothing='mle' adds nothing")
    discounts: list[tuple[float, ...]] = []
    probabilities: list[Numbers] = []
    rests: list[Numbers] = []
    for n in range(1, counts.order + 1):
        numbers = _adjusted(counts, n) if smoothing.endswith("kneser-ney") else _raw(counts, n)
        parents, contexts = _parents(counts, n)
        if smoothing.endswith("kneser-ney"):
            d = _discounts(numbers[numbers > 0], n, modified=smoothing.startswith("modified"))
            discounts.append(d)
            shares = _absolute(numbers, parents, contexts, d)
        else:
            shares = _relative(numbers, parents, contexts, smoothing, k, counts.vocabulary)
        lower = _lower(counts, n, probabilities)
        blended = smoothing != "add-k"
        probabilities.append(shares.own + (shares.rest[parents] * lower if blended else 0.0))
        rests.append(shares.rest)
    # Nothing predicts the symbol that opens a sentence, though it stands among the unigrams.
    probabilities[0][counts.vocabulary] = 0.0
    return NGramTable(
        vocabulary=counts.vocabulary,
        keys=tuple(level.keys for level in counts.levels),
        probabilities=tuple(p.astype(np.float32) for p in probabilities),
        rests=tuple(r.astype(np.float32) for r in rests[1:]),
        blended=smoothing != "add-k",
        discounts=tuple(discounts),
    )


def _raw(counts: NGramCounts, n: int) -> Ids:
    return counts.unigrams if n == 1 else counts.levels[n - 2].counts


def _adjusted(counts: NGramCounts, n: int) -> Ids:
    """Return a(·) of every n-gram of order n."""
    if n == counts.order:
        return _raw(counts, n)
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


def _parents(counts: NGramCounts, n: int) -> tuple[Ids, int]:
    """Return the id of the context of every n-gram, and how many contexts there may be."""
    if n == 1:
        return np.zeros(counts.base, dtype=np.int64), 1
    contexts = counts.base if n == 2 else len(counts.levels[n - 3].keys)
    return counts.levels[n - 2].keys // counts.base, contexts


def _lower(counts: NGramCounts, n: int, probabilities: list[Numbers]) -> Numbers | float:
    """Return p of every n-gram without its first token."""
    if n == 1:
        return 1.0 / counts.vocabulary
    return probabilities[n - 2][counts.levels[n - 2].suffix]


def _discounts(numbers: Ids, n: int, *, modified: bool) -> tuple[float, ...]:
    """Return the discounts of counts 1, 2 and 3 or more, or the one of all."""
    n1, n2, n3, n4 = (int((numbers == c).sum()) for c in (1, 2, 3, 4))
    y = n1 / max(n1 + 2 * n2, 1)
    if not modified:
        if n1 and n2:
            return (y,)
    elif n1 and n2 and n3 and n4:
        found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if all(0 < d <= c for c, d in enumerate(found, 1)):
            return found
    wanted = FALLBACK if modified else FALLBACK[:1]
    warnings.warn(
        f"order {n}: {n1}, {n2}, {n3} and {n4} n-grams counted 1 to 4 times do not determine Kneser-Ney "
        f"discounts; {', '.join(map(str, wanted))} taken instead",
        DiscountWarning,
        stacklevel=4,
    )
    return wanted


def _absolute(numbers: Ids, parents: Ids, contexts: int, discounts: tuple[float, ...]) -> Shares:
    table = np.array([0.0, *discounts, *[discounts[-1]] * (3 - len(discounts))])
    taken = np.minimum(table[np.minimum(numbers, 3)], numbers)
    total = np.bincount(parents, numbers, minlength=contexts)
    rest = np.bincount(parents, taken, minlength=contexts)
    return Shares(_divided(numbers - taken, total[parents]), _divided(rest, total, 1.0))


def _relative(
    numbers: Ids, parents: Ids, contexts: int, smoothing: Smoothing, k: float, vocabulary: int
) -> Shares:
    total = np.bincount(parents, numbers, minlength=contexts).astype(np.float64)
    if smoothing == "mle":
        return Shares(_divided(numbers, total[parents]), np.where(total > 0, 0.0, 1.0))
    if smoothing == "add-k":
        whole = total + k * vocabulary
        return Shares((numbers + k) / whole[parents], k / whole)
    kinds = np.bincount(parents, numbers > 0, minlength=contexts).astype(np.float64)
    whole = total + kinds
    return Shares(_divided(numbers, whole[parents]), _divided(kinds, whole, 1.0))


def _divided(a: Numbers | Ids, b: Numbers | Ids, otherwise: float = 0.0) -> Numbers:
    """Return a / b, and ``otherwise`` where b is 0."""
    out = np.full(len(b), otherwise)
    np.divide(a, b, out=out, where=b > 0)
    return out
