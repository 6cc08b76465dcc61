"""A batch of sentences as arrays, which taggers read."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SentenceArrays(NamedTuple):
    """A padded batch of sentences; the spelling of each distinct word is stored once."""

    words: NDArray[np.int64]
    """Word ids, (T, B)."""
    lengths: NDArray[np.int64]
    """Number of words of each sentence, (B,), each at least 1."""
    spellings: NDArray[np.int64]
    """Character ids of each distinct word, (S, U)."""
    spelling_lengths: NDArray[np.int64]
    """Number of characters of each distinct word, (U,), each at least 1."""
    kinds: NDArray[np.int64]
    """Column of ``spellings`` that belongs to each word, (T, B)."""
