"""Pad sequences of different lengths to one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pad_arrays(rows: Sequence[NDArray[Any]], fill: int = 0) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return rows (n_b, …) as one array (T, B, …) padded with ``fill``, and their lengths (B,)."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((lengths.max(), len(rows), *rows[0].shape[1:]), fill, dtype=rows[0].dtype)
    for column, row in enumerate(rows):
        padded[: len(row), column] = row
    return padded, lengths
