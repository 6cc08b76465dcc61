"""Pad sequences of different lengths to one batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def pad(rows: Sequence[NDArray[Any]], fill: int = 0) -> tuple[Tensor, Tensor]:
    """Return rows (n_b, …) as one tensor (T, B, …) padded with ``fill``, and their lengths (B,)."""
    lengths = [len(row) for row in rows]
    shape = (max(lengths), len(rows), *rows[0].shape[1:])
    padded = np.full(shape, fill, dtype=rows[0].dtype)
    for column, row in enumerate(rows):
        padded[: len(row), column] = row
    return torch.from_numpy(padded), torch.tensor(lengths)
