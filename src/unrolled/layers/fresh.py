"""Rows that begin anew in the middle of a batch: where time is cut for them."""

import itertools

import torch
from torch import Tensor

from unrolled.backends import Lookup
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor

Resets = dict[int, Tensor]
"""By step, in order: which rows (B,) begin anew before it."""


def resets_of(batch: TimeMajor, fresh: Tensor | None, batch_first: bool, bidirectional: bool) -> Resets:
    """Return the steps at which rows begin anew; arguments and errors are :func:`check_fresh`'s."""
    rows = check_fresh(batch, fresh, batch_first, bidirectional)
    return {} if rows is None else {t: rows[t] for t in rows.any(1).nonzero().flatten().tolist()}


def check_fresh(
    batch: TimeMajor, fresh: Tensor | None, batch_first: bool, bidirectional: bool
) -> Tensor | None:
    """Return where rows begin anew, (T, B).

    Args:
        batch: the input.
        fresh: (T, B) or as the input's first two axes, true where a row begins anew; None means nowhere.
        batch_first: order of the input's axes.
        bidirectional: whether the layer also runs backwards, which it cannot then.

    Raises:
        ShapeError: if fresh does not fit the input, or cannot be together with what else is given.
    """
    if fresh is None:
        return None
    if bidirectional or batch.lengths is not None or batch.unbatched:
        raise ShapeError("fresh= needs one direction, a batch axis, and no lengths")
    steps, width = batch.x.shape[:2]
    expected = (width, steps) if batch_first else (steps, width)
    if fresh.shape != expected or fresh.dtype != torch.bool:
        raise ShapeError(
            f"fresh must be bool, one value a step and row {expected}, got {fresh.dtype} {tuple(fresh.shape)}"
        )
    return fresh.transpose(0, 1) if batch_first else fresh


def pieces(x: Tensor | Lookup, resets: Resets) -> list[tuple[int, Tensor | Lookup]]:
    """Return x (T, B, I) cut before every step at which a row begins anew, and where each piece begins.

    Without resets T is not looked at, so that a traced or exported layer takes any number of steps.
    """
    if not resets:
        return [(0, x)]
    return [(begin, x[begin:end]) for begin, end in itertools.pairwise(sorted({0, *resets, len(x)}))]
