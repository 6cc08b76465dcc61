"""Pooling of the outputs of all steps in numpy; see :mod:`unrolled.layers.pooling`."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Lengths = NDArray[np.int64]


def pool_last(h: Array, lengths: Lengths, directions: int) -> Array:
    """Return the output (B, F) of the step at which each direction has read the whole row of h (T, B, F)."""
    last = h[lengths - 1, np.arange(h.shape[1])]
    if directions == 1:
        return last
    half = h.shape[-1] // 2
    return np.concatenate([last[:, :half], h[0, :, half:]], -1)


def pool_mean(h: Array, lengths: Lengths) -> Array:
    """Return the mean (B, F) over the steps of each row of h (T, B, F), which is zero past the lengths."""
    return np.asarray(h.sum(0) / lengths.astype(np.float32)[:, None])


def pool_max(h: Array, lengths: Lengths) -> Array:
    """Return the maximum (B, F) of each feature over the steps of each row of h (T, B, F)."""
    return np.asarray(np.where(_padding(h, lengths)[..., None], -np.inf, h).max(0).astype(np.float32))


def pool_weighted(h: Array, lengths: Lengths, scores: Array) -> Array:
    """Return the mean (B, F) of h (T, B, F), weighted by the softmax over the steps of scores (T, B)."""
    scores = np.where(_padding(h, lengths), -np.inf, scores)
    weights = np.exp(scores - scores.max(0))
    return np.asarray(np.einsum("tb,tbf->bf", weights / weights.sum(0), h), np.float32)


def _padding(h: Array, lengths: Lengths) -> NDArray[np.bool_]:
    """Return a mask (T, B), true at the steps after the end of a row."""
    return np.asarray(np.arange(len(h))[:, None] >= lengths)
