"""Pieces that a music model reads and composes step by step."""

import copy
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unrolled.config import require
from unrolled.data.midi import Piece
from unrolled.data.piano import KEYS, piano_roll
from unrolled.engine import Stream
from unrolled.errors import ShapeError
from unrolled.models.steps.vectors import OUTPUT, VECTOR
from unrolled.tasks.base.numbers import finite_array
from unrolled.tasks.base.rows import StreamRows


class MusicStream(StreamRows):
    """Pieces that a music model reads and composes step by step; see :class:`StreamRows`."""

    def __init__(self, stream: Stream, openings: Piece) -> None:
        super().__init__(stream, "logits", KEYS)
        self._openings = openings or [()]
        self._generators = _make_generators(0, range(stream.batch))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Probabilities (B, 88) of the keys of the next step; NaN for pieces without a step."""
        return sigmoid(self.values)

    def push(self, keys: Any) -> NDArray[np.float64]:
        """Read steps of each piece; return the probabilities (B, 88) of the keys of the next step.

        Args:
            keys: 1 for keys that sound, else 0: a step (88,) or steps (T, 88) of a single piece, or
                (T, B, 88).

        Raises:
            ShapeError: if the shape does not fit.
            DataError: if a number is not finite.
            NonFiniteError: if the model gives no finite probabilities.
        """
        x = finite_array(keys, "the keys")
        if x.ndim not in (1, 2, 3) or x.shape[-1] != KEYS:
            raise ShapeError(f"keys have shape (T, {KEYS}) or (T, B, {KEYS}), got {x.shape}")
        if len(x):
            x = x if x.ndim == 3 else x.reshape(-1, 1, KEYS)
            self._set_values(self._stream.run({VECTOR: x}, last=True)[OUTPUT])
        return self.probabilities

    def generate(self, n: int, *, temperature: float = 1.0, seed: int | None = None) -> NDArray[np.float32]:
        """Sample the next ``n`` steps of each piece and read them; return them, (n, B, 88).

        Each key is sampled with its probability. A piece without a step begins with one of the openings of
        the training pieces. Each piece has its own random numbers, so that it does not depend on the others.

        Args:
            n: number of steps.
            temperature: probabilities are σ(logit / temperature); values below 1 favour probable keys.
            seed: begin the random numbers of each piece anew; None goes on with them.

        Raises:
            ConfigError: if an option is out of range.
            NonFiniteError: if the model gives no finite probabilities.
        """
        require(n >= 0, f"n={n}: must not be negative")
        require(temperature > 0, f"temperature={temperature}: must be positive")
        require(seed is None or seed >= 0, f"seed={seed}: must not be negative")
        if seed is not None:
            self._generators = _make_generators(seed, range(self.batch))
        steps = np.zeros((n, self.batch, KEYS), np.float32)
        for step in steps:
            step[:] = [self._draw(row, temperature) for row in range(self.batch)]
            self.push(step[None])
        return steps

    def add(self, count: int = 1) -> None:
        """See :meth:`StreamRows.add`."""
        self._generators += _make_generators(0, range(self.batch, self.batch + count))
        super().add(count)

    def keep(self, rows: Sequence[int]) -> None:
        """See :meth:`StreamRows.keep`."""
        super().keep(rows)
        self._generators = [copy.deepcopy(self._generators[row]) for row in rows]

    def copy(self) -> Self:
        """See :meth:`StreamRows.copy`."""
        other = super().copy()
        other._generators = copy.deepcopy(self._generators)
        return other

    def _draw(self, row: int, temperature: float) -> NDArray[np.float32]:
        generator = self._generators[row]
        if not self.has_read[row]:
            return piano_roll([self._openings[generator.integers(len(self._openings))]])[0]
        return (generator.random(KEYS) < sigmoid(self.values[row] / temperature)).astype(np.float32)


def _make_generators(seed: int, rows: Iterable[int]) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, row]) for row in rows]


def sigmoid(x: NDArray[Any]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(−x)) in float64."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x.astype(np.float64))))
