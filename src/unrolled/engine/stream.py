"""Rows (sequences) that run through an engine step by step."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    from unrolled.engine.engine import Engine

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Integers: TypeAlias = int | Sequence[int] | NDArray[Any]
"""One value for all rows, or one for each."""
Reals: TypeAlias = float | Sequence[float] | NDArray[Any]
"""One value for all rows, or one for each."""
NOTHING: Mapping[str, Any] = {}


class Stream:
    """The states of some rows, and their last outputs. Made by :meth:`Engine.stream`.

    Nothing is allocated between two steps. One thread at a time may use a stream; a second one gets a
    :class:`StreamError`.
    """

    def __init__(self, engine: "Engine", core: Any) -> None:
        self.engine = engine
        self._core = core
        self._views: dict[str, Floats] = {}
        self.generated: Ids = np.zeros(self.batch, np.int64)
        """Number of tokens (B,) that each row got in the last :meth:`generate`, ``stop`` included."""

    @property
    def batch(self) -> int:
        """Number of rows B."""
        return int(self._core.rows)

    def step(
        self, inputs: Mapping[str, NDArray[Any]] = NOTHING, tokens: Mapping[str, NDArray[Any]] = NOTHING
    ) -> dict[str, Floats]:
        """Run one step of every row.

        Args:
            inputs: each input of the program, (B, size).
            tokens: each token input of the program, (B,) whole numbers.

        Returns:
            Each output, (B, size).

        Raises:
            ShapeError: if an array is missing or has another shape, or a token is not one of the vocabulary.
        """
        outputs = self.run(
            {name: np.asarray(array)[None] for name, array in inputs.items()},
            {name: np.asarray(array)[None] for name, array in tokens.items()},
        )
        return {name: array[0] for name, array in outputs.items()}

    def step_token(self, token: int, output: str = "") -> Floats:
        """Run one step of a stream with one row, whose only input is a token. The fastest call.

        Args:
            token: the token.
            output: name of the output to return; by default the first one.

        Returns:
            The output, (size,): a read-only view that the next step overwrites.
        """
        self._core.step_token(token)
        view = self._views.get(output)
        return self._view(output)[0] if view is None else view[0]

    def step_vector(self, values: NDArray[Any], output: str = "") -> Floats:
        """Run one step of a stream with one row, whose only input is a vector.

        Args:
            values: the input, (size,) float32.
            output: name of the output to return; by default the first one.

        Returns:
            The output, (size,): a read-only view that the next step overwrites.
        """
        self._core.step_vector(values)
        view = self._views.get(output)
        return self._view(output)[0] if view is None else view[0]

    def run(
        self,
        inputs: Mapping[str, NDArray[Any]] = NOTHING,
        tokens: Mapping[str, NDArray[Any]] = NOTHING,
        *,
        lengths: Sequence[int] | Ids | None = None,
        last: bool = False,
    ) -> dict[str, Floats]:
        """Run T steps of every row.

        Args:
            inputs: each input of the program, (T, B, size).
            tokens: each token input of the program, (T, B) whole numbers.
            lengths: number of steps of each row, (B,), by default T. After them, its states stay as they are
                and its outputs are zero.
            last: return only the outputs of the last step of each row, (B, size); zero for a row without a
                step yet.

        Returns:
            Each output, (T, B, size).

        Raises:
            ShapeError: if an array is missing or has another shape, or a token is not one of the vocabulary.
        """
        floats = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in inputs.items()}
        ids = {name: whole_numbers(array, f"token {name!r}") for name, array in tokens.items()}
        steps = self._steps((*floats.values(), *ids.values()))
        sizes = {name: self._size(name) for name in self.engine.program.outputs}
        outputs: dict[str, Floats] = {}
        if not last:
            outputs = {name: np.empty((steps, self.batch, n), np.float32) for name, n in sizes.items()}
        ends = None if lengths is None else whole_numbers(lengths, "lengths")
        self._core.run(steps, floats, ids, outputs, ends)
        return self.outputs() if last else outputs

    def outputs(self) -> dict[str, Floats]:
        """Return a copy of the outputs of the last step of each row (B, size), zero before its first step."""
        return {name: self._view(name).copy() for name in self.engine.program.outputs}

    def generate(
        self,
        count: Integers,
        *,
        output: str = "logits",
        temperature: Reals = 1.0,
        top_k: Integers = 0,
        top_p: Reals = 1.0,
        seed: int | Sequence[int] | None = None,
        banned: Sequence[int] = (),
        stop: int = -1,
        skip_broken: bool = False,
    ) -> Ids:
        """Sample tokens from the logits of the last step, and feed each to the next step.

        ``count``, ``temperature``, ``top_k`` and ``top_p`` are one value for all rows, or one for each, (B,).

        Args:
            count: largest number of tokens. A row that has got its number reads the last one, then keeps its
                state.
            output: name of the output with the logits.
            temperature: divisor of the logits; 0 takes the most probable token, the first of equals.
            top_k: sample from the k most probable tokens; 0 means all.
            top_p: sample from the most probable tokens that together reach this probability.
            seed: seed of the random numbers. Each row has its own numbers, so its text does not depend on the
                others. One seed for each row makes a row sample what it would sample alone with that seed.
                None continues with the numbers of the last call.
            banned: tokens that are never sampled.
            stop: token that ends a row, or -1. The row is not fed it, and keeps its state.
            skip_broken: end a row without finite probabilities, instead of raising an error; its number in
                :attr:`generated` is -1.

        Returns:
            Tokens (largest count, B), fewer if every row ended before. After the end of a row they are
            ``stop``, which is -1 if no token ends a row; :attr:`generated` has the number of tokens of each
            row.

        Raises:
            ConfigError: if an option is out of range.
            ShapeError: if an option has another number of values than there are rows.
            StreamError: if a row has not made a step yet.
            NonFiniteError: if the model gives no finite probabilities, unless ``skip_broken``.
        """
        counts = _integers(count, "count")
        options = (_reals(temperature, "temperature"), _integers(top_k, "top_k"), _reals(top_p, "top_p"))
        if seed is not None:
            self.seed(seed)
        ids = np.empty((max([0, *counts]), self.batch), np.int64)
        generated = np.empty(self.batch, np.int64)
        done = self._core.generate(ids, generated, output, counts, *options, list(banned), stop, skip_broken)
        self.generated = generated
        return ids[:done]

    def seed(self, seed: int | Sequence[int]) -> None:
        """Begin the random numbers of each row anew, from one seed for all rows or one for each."""
        self._core.seed([s % 2**64 for s in ([seed] if isinstance(seed, int) else seed)])

    def state(self) -> dict[str, Floats]:
        """Return a copy of every state, (B, size)."""
        state = {s.name: np.empty((self.batch, s.size), np.float32) for s in self.engine.program.states}
        for name, array in state.items():
            self._core.read_state(name, array)
        return state

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Set every state, as returned by :meth:`state`.

        Raises:
            ShapeError: if a state is missing, unknown, or has another shape.
        """
        names = [s.name for s in self.engine.program.states]
        if missing := [name for name in names if name not in state]:
            raise ShapeError(f"state {missing[0]!r} is missing")
        if unknown := [name for name in state if name not in names]:
            raise ShapeError(f"the program has no state {unknown[0]!r}")
        for name in names:
            self._core.write_state(name, np.ascontiguousarray(state[name], dtype=np.float32))

    def set_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Set outputs (B, size), as returned by :meth:`outputs`; :meth:`generate` then samples from them.

        Raises:
            ShapeError: if an output is unknown or has another shape.
        """
        for name, array in outputs.items():
            self._core.write_output(name, np.ascontiguousarray(array, dtype=np.float32))

    def reset(self, rows: Sequence[int] | None = None) -> None:
        """Put rows, by default all, back before their first step."""
        self._core.reset(list(range(self.batch)) if rows is None else list(rows))

    def add(self, count: int = 1) -> None:
        """Add rows that start, behind the others."""
        if count < 0:
            raise ConfigError(f"count={count}: must not be negative")
        self._rearrange([*range(self.batch), *[-1] * count])

    def keep(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order; a row may be repeated."""
        if any(row < 0 for row in rows):
            raise ShapeError(f"rows={list(rows)}: must not be negative")
        self._rearrange(list(rows))

    def extend(self, other: "Stream") -> None:
        """Add copies of all rows of another stream of the same engine, behind the others.

        A row brings its states, outputs and random numbers. The other stream may be this one.

        Raises:
            StreamError: if the other stream runs on another engine.
        """
        self._core.extend(other._core)
        self._views.clear()

    def select(self, rows: Sequence[int]) -> "Stream":
        """Return a stream with copies of these rows, in this order; a row may be repeated.

        Raises:
            ShapeError: if there is no such row.
        """
        return Stream(self.engine, self._core.select(list(rows)))

    def copy(self) -> "Stream":
        """Return a stream with the same rows, states, outputs and random numbers."""
        return Stream(self.engine, self._core.copy())

    def _rearrange(self, rows: list[int]) -> None:
        self._core.rearrange(rows)
        self._views.clear()

    def _view(self, output: str) -> Floats:
        name = output or next(iter(self.engine.program.outputs), "")
        view: Floats = self._core.output_view(name)
        self._views[output] = view
        return view

    def _size(self, output: str) -> int:
        return self.engine.program.operations[self.engine.program.outputs[output]].size

    def _steps(self, arrays: Sequence[NDArray[Any]]) -> int:
        for array in arrays:
            if array.ndim < 2:
                raise ShapeError(f"inputs have axes (T, B, size) and tokens (T, B), got shape {array.shape}")
        return arrays[0].shape[0] if arrays else 0


def _integers(value: Integers, name: str) -> list[int]:
    return [value] if isinstance(value, int) else _values(whole_numbers(value, name), name)


def _reals(value: Reals, name: str) -> list[float]:
    return [value] if isinstance(value, float) else _values(np.asarray(value, dtype=np.float64), name)


def _values(array: NDArray[Any], name: str) -> list[Any]:
    if array.ndim > 1:
        raise ShapeError(f"{name}: needs one value, or one for each row, got shape {array.shape}")
    return np.atleast_1d(array).tolist()


def whole_numbers(values: Any, name: str) -> Ids:
    """Return int64 numbers.

    Raises:
        ShapeError: if they are not whole numbers.
    """
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ShapeError(f"{name}: needs whole numbers, got {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.int64)
