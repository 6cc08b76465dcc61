"""A batch of outputs that a decoder writes, which outputs enter and leave at any step."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unrolled.models.native.encoder_decoder import (
    DecoderRows,
    NativeEncoded,
    NativeEncoderDecoder,
    set_rows,
)

Array = NDArray[np.float32]


class DecoderBatch(DecoderRows):
    """Rows of a decoder with one source each.

    Attention runs for one row after the other, so sources of any lengths share a batch without padding.

    Args:
        model: the model.
        encoded: the source of the first row.
    """

    def __init__(self, model: NativeEncoderDecoder, encoded: NativeEncoded) -> None:
        super().__init__(model, encoded)
        self._memories = [] if encoded.memory is None else [encoded.memory]
        self._memory = None
        self.row_weights: list[Array] = []
        """Attention weights (S,) of the last step in each row; empty without attention."""

    @property
    def batch(self) -> int:
        """Number of rows."""
        return self._layers.batch

    def join(self, others: Sequence[Self]) -> None:
        """Add the rows of other batches of this model behind the rows of this one."""
        parts = [self, *others]
        states = [part._layers.state() for part in parts]
        self._layers.add(sum(other.batch for other in others))
        self._layers.restore({name: np.concatenate([s[name] for s in states]) for name in states[0]})
        self._query = np.concatenate([part._query for part in parts])
        self._fed = np.concatenate([part._fed for part in parts])
        self._memories = [memory for part in parts for memory in part._memories]
        if self._readout is not None:
            set_rows(self._readout, self.batch)

    def take(self, row: int) -> Self:
        """Return a batch with a copy of one row."""
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        other._layers = self._layers.copy()
        if self._readout is not None:
            other._readout = self._readout.copy()
        other.select([row], [row])
        return other

    def select(self, rows: Sequence[int], sources: Sequence[int] | None) -> None:
        """See :meth:`DecoderRows.select`; the sources are those of the rows."""
        super().select(rows, None)
        self._memories = [self._memories[row] for row in rows] if self._memories else []

    def _attend(self, query: Array) -> Array:
        attention = self._model.attention
        assert attention is not None
        parts = [attention.attend(query[i : i + 1], memory) for i, memory in enumerate(self._memories)]
        self.row_weights = [weights[0] for _, weights in parts]
        return np.concatenate([context for context, _ in parts])
