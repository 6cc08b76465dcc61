"""Pieces that a music model reads and composes step by step."""

import copy
from collections.abc import Iterable, Sequence
from typing import Any, Self, TypeVar

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
from unrolled.wording import counted

N = TypeVar("N", int, float)


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

    def generate(
        self,
        n: int,
        *,
        temperature: float | Sequence[float] = 1.0,
        seed: int | Sequence[int] | None = None,
    ) -> NDArray[np.float32]:
        """Sample the next ``n`` steps of each piece and read them; return them, (n, B, 88).

        Each key is sampled with its probability. A piece without a step begins with one of the openings of
        the training pieces. Each piece has its own random numbers, so that it does not depend on the others.

        Args:
            n: number of steps.
            temperature: probabilities are σ(logit / temperature); values below 1 favour probable keys. One
                for all pieces, or one for each.
            seed: begin the random numbers of each piece anew; None goes on with them. One seed for each piece
                makes a piece what it would be alone with that seed.

        Raises:
            ConfigError: if an option is out of range.
            ShapeError: if the number of temperatures or seeds is not that of the pieces.
            NonFiniteError: if the model gives no finite probabilities.
        """
        require(n >= 0, f"n={n}: must not be negative")
        temperatures = np.array(self._for_each(temperature, "temperature"), np.float64)
        require(bool((temperatures > 0).all()), f"temperature={temperature}: must be positive")
        if seed is not None:
            self._begin_random(seed)
        steps = np.zeros((n, self.batch, KEYS), np.float32)
        for step in steps:
            step[:] = self._draw(temperatures)
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

    def extend(self, other: Self) -> None:
        """See :meth:`StreamRows.extend`."""
        super().extend(other)
        self._generators = [*self._generators, *copy.deepcopy(other._generators)]

    def select(self, rows: Sequence[int]) -> Self:
        """See :meth:`StreamRows.select`."""
        other = super().select(rows)
        other._generators = [copy.deepcopy(self._generators[row]) for row in rows]
        return other

    def copy(self) -> Self:
        """See :meth:`StreamRows.copy`."""
        other = super().copy()
        other._generators = copy.deepcopy(self._generators)
        return other

    def _begin_random(self, seed: int | Sequence[int]) -> None:
        seeds = self._for_each(seed, "seed")
        require(min(seeds, default=0) >= 0, f"seed={seed}: must not be negative")
        if isinstance(seed, Sequence):
            self._generators = [generator for s in seeds for generator in _make_generators(s, [0])]
        else:
            self._generators = _make_generators(seed, range(self.batch))

    def _for_each(self, value: N | Sequence[N], name: str) -> Sequence[N]:
        """Return one value for each piece."""
        values = value if isinstance(value, Sequence) else [value] * self.batch
        if len(values) != self.batch:
            raise ShapeError(f"{name}: got {len(values)} values for {counted(self.batch, 'piece')}")
        return values

    def _draw(self, temperatures: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the keys (B, 88) of the next step of each piece."""
        probabilities = sigmoid(self.values / temperatures[:, None])
        keys = np.empty((self.batch, KEYS), np.float32)
        for row, has_read in enumerate(self.has_read.tolist()):
            generator = self._generators[row]
            if has_read:
                keys[row] = generator.random(KEYS) < probabilities[row]
            else:
                keys[row] = piano_roll([self._openings[generator.integers(len(self._openings))]])[0]
        return keys


def _make_generators(seed: int, rows: Iterable[int]) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, row]) for row in rows]


def sigmoid(x: NDArray[Any]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(−x)) in float64."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x.astype(np.float64))))
