"""The most probable next tokens of each row, from logits in numpy."""

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids, Numbers
from unrolled.decoding.largest import largest
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.decoding.row_search import Excluded

BLOCK = 1 << 17
"""Number of logits that are handled at a time, so that temporary arrays stay in the cache."""


def best_next_tokens(logits: NDArray[np.float32], count: int, excluded: Excluded) -> tuple[Numbers, Ids]:
    """Return log p (N, n) and tokens (N, n) of the n ≤ count best allowed next tokens, best first.

    Of equally probable tokens, the one with the smallest id comes first.

    Args:
        logits: (N, V); those of excluded tokens are changed.
        count: largest n.
        excluded: tokens that are not allowed.

    Raises:
        NonFiniteError: if the probabilities of a row are not finite.
    """
    rows, vocabulary = logits.shape
    size = max(1, BLOCK // vocabulary)
    blocks = [slice(begin, begin + size) for begin in range(0, rows, size)]
    normaliser = np.concatenate([_log_sum_exp(logits[block]) for block in blocks])
    if not np.isfinite(normaliser).all():
        raise non_finite_error()
    logits[:, list(excluded.everywhere)] = -np.inf
    for row, token in excluded.single:
        logits[row, token] = -np.inf
    parts = [largest(logits[block], min(count, vocabulary)) for block in blocks]
    values, tokens = (np.concatenate(side) for side in zip(*parts, strict=True))
    return values - normaliser, tokens


def _log_sum_exp(logits: NDArray[np.float32]) -> Numbers:
    """Return ln Σ exp of each row, (N, 1)."""
    peak = logits.max(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(peak + np.log(np.exp(logits - peak).sum(1, keepdims=True, dtype=np.float64)))
