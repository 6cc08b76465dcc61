"""Rows of a stream with values of their last step: kept, copied and set together."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Numbers
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.engine import Stream
from unrolled.errors import ShapeError


class StreamRows:
    """Base class of streams that keep values of the last step of each row, such as logits.

    Memory does not grow with the length of the sequences: only the states are kept.
    """

    def __init__(self, stream: Stream, name: str, size: int) -> None:
        self._stream, self._name, self._size = stream, name, size
        self.values = self._unknown(stream.batch)
        """Values (B, size) of the last step; NaN for rows that have read nothing."""

    @property
    def batch(self) -> int:
        """Number of rows B."""
        return self._stream.batch

    @property
    def has_read(self) -> NDArray[np.bool_]:
        """Whether each row (B,) has read something."""
        return np.asarray(~np.isnan(self.values[:, 0]))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the states, (B, size) by name, with the values of the last step."""
        return {**self._stream.state(), self._name: self.values.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on as the stream whose :meth:`state` this is.

        Raises:
            ShapeError: if a state is missing, unknown or has another shape.
        """
        if self._name not in state:
            raise ShapeError(f"state {self._name!r} is missing")
        values = np.array(state[self._name], dtype=np.float64)
        if values.shape != self.values.shape:
            shapes = f"{values.shape}, but this stream has {self.values.shape}"
            raise ShapeError(f"state {self._name!r} has shape {shapes}")
        self._stream.restore({name: array for name, array in state.items() if name != self._name})
        self.values = values

    def reset(self, rows: Sequence[int] | None = None) -> None:
        """Begin sequences anew: all, or some rows."""
        self._stream.reset(rows)
        self.values[range(self.batch) if rows is None else list(rows)] = np.nan

    def add(self, count: int = 1) -> None:
        """Add rows that have read nothing, behind the others."""
        self._stream.add(count)
        self.values = np.concatenate([self.values, self._unknown(count)])

    def keep(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order, and drop the others."""
        self._stream.keep(rows)
        self.values = self.values[list(rows)]

    def extend(self, other: Self) -> None:
        """Add copies of all rows of another stream of the same runtime, behind the others.

        Raises:
            StreamError: if the other stream is of another runtime.
        """
        self._stream.extend(other._stream)
        self.values = np.concatenate([self.values, other.values])

    def select(self, rows: Sequence[int]) -> Self:
        """Return a stream with copies of these rows, in this order; a row may be repeated.

        Raises:
            ShapeError: if there is no such row.
        """
        return self._with(self._stream.select(rows), self.values[list(rows)])

    def copy(self) -> Self:
        """Return a stream with copies of the states."""
        return self._with(self._stream.copy(), self.values.copy())

    def _with(self, stream: Stream, values: Numbers) -> Self:
        """Return a stream like this one, with other rows."""
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        other._stream, other.values = stream, values
        return other

    def _set_values(self, values: NDArray[Any]) -> None:
        """Set the values of the last step.

        Raises:
            NonFiniteError: if they are not finite.
        """
        if not np.isfinite(values).all():
            raise non_finite_error()
        self.values = values.astype(np.float64)

    def _unknown(self, rows: int) -> Numbers:
        return np.full((rows, self._size), np.nan)
