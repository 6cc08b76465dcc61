"""Input that is rows of a table: what comes of W x + b once for each row, not once for each step."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from unrolled.errors import ShapeError

FEWER = 4
"""A table repays its product where every row stands for so many steps on average."""
LARGEST = 4 << 20
"""Bytes of W x + b for all rows: what a core's caches hold, and each thread's part of the gradient."""


@dataclass(frozen=True, eq=False)
class Lookup:
    """A sequence ``table[tokens]`` that is not looked up yet."""

    table: Tensor
    """(V, I)"""
    tokens: Tensor
    """(T, B), or in the layer's own order of axes."""

    def __post_init__(self) -> None:
        if self.table.dim() != 2 or self.tokens.dim() != 2 or self.tokens.is_floating_point():
            raise ShapeError(
                f"look_up takes tokens (T, B) of whole numbers and a table (V, I), got {self.tokens.dtype} "
                f"{tuple(self.tokens.shape)} and {tuple(self.table.shape)}"
            )

    @property
    def outline(self) -> Tensor:
        """A tensor of the sequence's shape, dtype and device whose numbers mean nothing."""
        return self.table[:1].expand(*self.tokens.shape, -1)

    def time_major(self, batch_first: bool) -> "Lookup":
        """Return it with time as the first axis of the tokens."""
        return Lookup(self.table, self.tokens.transpose(0, 1)) if batch_first else self

    def piece(self, begin: int, end: int) -> "Lookup":
        """Return the steps [begin, end) of a sequence whose first axis is time."""
        return Lookup(self.table, self.tokens[begin:end])

    def resolve(self) -> Tensor:
        """Return the sequence, (T, B, I)."""
        return F.embedding(self.tokens, self.table)


def repays(kinds: int, steps: int, row_bytes: int) -> bool:
    """Whether W x + b, of row_bytes each, is cheaper for so many kinds of x than at so many steps."""
    return 0 < FEWER * kinds <= steps and kinds * row_bytes <= LARGEST
