"""Input as rows of a table by number: W x + b can be computed once for each row instead of at each step."""

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.errors import ShapeError

FEWER = 4
"""A table repays its product where every row is read this many times on average."""
LARGEST = 4 << 20
"""Bytes of W x + b for all rows: what a core's caches hold, and each thread's part of the gradient."""


class Table(Protocol):
    """Vectors by number, made only when they are read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(V, I)"""

    @property
    def dtype(self) -> torch.dtype:
        """Of the vectors."""

    @property
    def device(self) -> torch.device:
        """Of the vectors."""

    def whole(self) -> Tensor:
        """Return all vectors, (V, I)."""

    def rows(self, tokens: Tensor) -> Tensor:
        """Return those of tokens (…), (…, I)."""


@dataclass(frozen=True, eq=False)
class TensorTable:
    """A table that is one tensor (V, I)."""

    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """(V, I)"""
        return self.tensor.shape

    @property
    def dtype(self) -> torch.dtype:
        """Of the tensor."""
        return self.tensor.dtype

    @property
    def device(self) -> torch.device:
        """Of the tensor."""
        return self.tensor.device

    def whole(self) -> Tensor:
        """Return the tensor."""
        return self.tensor

    def rows(self, tokens: Tensor) -> Tensor:
        """Return the rows of tokens (…), (…, I)."""
        return F.embedding(tokens, self.tensor)


@dataclass(frozen=True, eq=False)
class Lookup:
    """A sequence ``table[tokens]`` that is not looked up yet: to be used where x (T, B, I) is."""

    source: Table
    tokens: Tensor
    """(T, B), or in the order of axes of the layer that is called."""

    def __post_init__(self) -> None:
        if len(self.source.shape) != 2 or self.tokens.dim() != 2 or self.tokens.is_floating_point():
            raise ShapeError(
                f"look_up takes tokens (T, B) of whole numbers and a table (V, I), got {self.tokens.dtype} "
                f"{tuple(self.tokens.shape)} and {tuple(self.source.shape)}"
            )

    @property
    def table(self) -> Tensor:
        """All vectors, (V, I)."""
        return self.source.whole()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the sequence."""
        steps, rows = self.tokens.shape
        return steps, rows, self.source.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """Of the sequence."""
        return self.source.dtype

    @property
    def device(self) -> torch.device:
        """Of the sequence."""
        return self.source.device

    def transpose(self, first: int, second: int) -> "Lookup":
        """Return the sequence with two of its first two axes exchanged."""
        return Lookup(self.source, self.tokens.transpose(first, second))

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, steps: slice) -> "Lookup":
        """Return some of the steps."""
        return Lookup(self.source, self.tokens[steps])

    def resolve(self) -> Tensor:
        """Return the sequence, (T, B, I)."""
        return self.source.rows(self.tokens)


def resolved(x: Tensor | Lookup) -> Tensor:
    """Return a sequence as a tensor (T, B, I)."""
    return x.resolve() if isinstance(x, Lookup) else x


def like_of(x: Tensor | Lookup) -> Tensor:
    """Return a tensor of the dtype and device of a sequence."""
    return x.table if isinstance(x, Lookup) else x


def repays(kinds: int, steps: int, row_bytes: int) -> bool:
    """Whether W x + b, of row_bytes each, is cheaper for so many kinds of x than at so many steps."""
    return 0 < FEWER * kinds <= steps and kinds * row_bytes <= LARGEST
