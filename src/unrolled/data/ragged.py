"""Pad sequences of different lengths to one batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from unrolled.data.padding import pad_arrays

if TYPE_CHECKING:
    from torch import Tensor


def pad(rows: Sequence[NDArray[Any]], fill: int = 0) -> "tuple[Tensor, Tensor]":
    """Return rows (n_b, …) as one tensor (T, B, …) padded with ``fill``, and their lengths (B,)."""
    import torch

    padded, lengths = pad_arrays(rows, fill)
    return torch.from_numpy(padded), torch.from_numpy(lengths)
