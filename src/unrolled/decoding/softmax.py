"""Softmax of logits in numpy, in double precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Numbers


def softmax(logits: NDArray[Any]) -> Numbers:
    """Return the softmax (…, V) over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def log_softmax(logits: NDArray[Any]) -> Numbers:
    """Return the logarithm of the softmax (…, V) over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))
