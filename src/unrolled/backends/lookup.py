"""Input given as row indices of a table: W x + b can be computed per table row, not per step."""

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.errors import ShapeError

MIN_READS_PER_ROW = 4
"""Smallest average number of reads per table row for which W x + b is computed per row."""
MAX_TABLE_BYTES = 4 << 20
"""Largest size of W x + b for all rows, so that it and a thread's part of its gradient fit in the cache."""


class Table(Protocol):
    """Interface of a table of vectors, which may be computed only when they are read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the table, (V, I)."""

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the vectors."""

    @property
    def device(self) -> torch.device:
        """Device of the vectors."""

    def all_rows(self) -> Tensor:
        """Return all vectors, (V, I)."""

    def rows(self, tokens: Tensor) -> Tensor:
        """Return the vectors (…, I) of tokens (…)."""


@dataclass(frozen=True, eq=False)
class TensorTable:
    """A table stored as one tensor (V, I)."""

    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the table, (V, I)."""
        return self.tensor.shape

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the tensor."""
        return self.tensor.dtype

    @property
    def device(self) -> torch.device:
        """Device of the tensor."""
        return self.tensor.device

    def all_rows(self) -> Tensor:
        """Return the tensor."""
        return self.tensor

    def rows(self, tokens: Tensor) -> Tensor:
        """Return the rows (…, I) of tokens (…)."""
        return F.embedding(tokens, self.tensor)


@dataclass(frozen=True, eq=False)
class Lookup:
    """A sequence ``table[tokens]`` that is not looked up yet; can be passed instead of x (T, B, I)."""

    source: Table
    tokens: Tensor
    """Row indices (T, B), or (B, T) for a layer with batch_first."""

    def __post_init__(self) -> None:
        if len(self.source.shape) != 2 or self.tokens.dim() != 2 or self.tokens.is_floating_point():
            raise ShapeError(
                f"look_up takes integer tokens (T, B) and a table (V, I), got {self.tokens.dtype} "
                f"{tuple(self.tokens.shape)} and {tuple(self.source.shape)}"
            )

    @property
    def table(self) -> Tensor:
        """All vectors, (V, I)."""
        return self.source.all_rows()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the sequence, (T, B, I)."""
        steps, rows = self.tokens.shape
        return steps, rows, self.source.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the sequence."""
        return self.source.dtype

    @property
    def device(self) -> torch.device:
        """Device of the sequence."""
        return self.source.device

    def transpose(self, first: int, second: int) -> "Lookup":
        """Return the sequence with its axes ``first`` and ``second``, 0 or 1, exchanged."""
        return Lookup(self.source, self.tokens.transpose(first, second))

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, steps: slice) -> "Lookup":
        """Return a slice of the steps."""
        return Lookup(self.source, self.tokens[steps])

    def resolve(self) -> Tensor:
        """Return the sequence, (T, B, I)."""
        return self.source.rows(self.tokens)


def resolve_lookup(x: Tensor | Lookup) -> Tensor:
    """Return a sequence as a tensor (T, B, I); a lookup is read from its table."""
    return x.resolve() if isinstance(x, Lookup) else x


def tensor_like(x: Tensor | Lookup) -> Tensor:
    """Return a tensor with the dtype and device of a sequence."""
    return x.table if isinstance(x, Lookup) else x


def is_table_cheaper(table_rows: int, steps: int, row_bytes: int) -> bool:
    """Return whether computing W x + b (row_bytes each) is cheaper for all table rows than for all steps."""
    return 0 < MIN_READS_PER_ROW * table_rows <= steps and table_rows * row_bytes <= MAX_TABLE_BYTES
