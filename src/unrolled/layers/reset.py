"""Resets of single rows in the middle of a sequence, and the split of the sequence at these steps."""

import itertools

import torch
from torch import Tensor

from unrolled.backends import Lookup
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor

Resets = dict[int, Tensor]
"""For each step with resets, in order: a mask (B,) of the rows whose state is reset before it."""


def find_resets(
    batch: TimeMajor, reset_mask: Tensor | None, batch_first: bool, bidirectional: bool
) -> Resets:
    """Return the steps at which rows are reset; see :func:`check_reset_mask` for arguments and errors."""
    mask = check_reset_mask(batch, reset_mask, batch_first, bidirectional)
    return {} if mask is None else {t: mask[t] for t in mask.any(1).nonzero().flatten().tolist()}


def check_reset_mask(
    batch: TimeMajor, reset_mask: Tensor | None, batch_first: bool, bidirectional: bool
) -> Tensor | None:
    """Return a mask (T, B) of the steps before which the state of a row is reset, or None.

    Args:
        batch: the input.
        reset_mask: mask (T, B), or (B, T) with batch_first, true where a state is reset; None means nowhere.
        batch_first: order of the axes of input and mask.
        bidirectional: true if the layer also runs backwards, which resets do not support.

    Raises:
        ShapeError: if reset_mask does not fit the input, or is combined with an option that excludes it.
    """
    if reset_mask is None:
        return None
    if bidirectional or batch.lengths is not None or batch.unbatched:
        raise ShapeError("reset_mask= needs one direction, a batch axis, and no lengths")
    steps, rows = batch.x.shape[:2]
    expected = (rows, steps) if batch_first else (steps, rows)
    if reset_mask.shape != expected or reset_mask.dtype != torch.bool:
        raise ShapeError(
            f"reset_mask must be bool of shape {expected}, one value for each step and row, got "
            f"{reset_mask.dtype} {tuple(reset_mask.shape)}"
        )
    return reset_mask.transpose(0, 1) if batch_first else reset_mask


def split_at_resets(x: Tensor | Lookup, resets: Resets) -> list[tuple[int, Tensor | Lookup]]:
    """Split x (T, B, I) before every step with resets; return each piece with its first step.

    Without resets T is not read, so that a traced or exported layer accepts any number of steps.
    """
    if not resets:
        return [(0, x)]
    return [(begin, x[begin:end]) for begin, end in itertools.pairwise(sorted({0, *resets, len(x)}))]
