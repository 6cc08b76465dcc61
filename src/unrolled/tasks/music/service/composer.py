"""Pieces that are composed in one batch, which they enter and leave at any time."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from unrolled.config import require
from unrolled.data.piano import roll_to_piece
from unrolled.errors import DataError
from unrolled.tasks.base.service import Limits, Progress, State, Writer
from unrolled.tasks.music.data import Roll
from unrolled.tasks.music.runtime import MusicRuntime
from unrolled.tasks.music.service.messages import Compose, Composed, Composition
from unrolled.tasks.music.service.reader import parse_steps

TURN = 4
"""Largest number of steps that a piece gets in a turn."""


@dataclass
class _Piece:
    row: int
    left: int
    """Number of steps that are still to be composed."""
    temperature: float
    seed: int
    steps: list[list[int]] = field(default_factory=list)


class Composer(Writer[Compose, Composition]):
    """Pieces that are composed in one batch; see :class:`Writer`.

    Each piece has its own random numbers, so that it does not depend on the others.
    """

    def __init__(self, runtime: MusicRuntime, limits: Limits) -> None:
        self._runtime, self._limits = runtime, limits
        self._pieces: list[_Piece] = []
        self._stream = runtime.stream(0)
        """States of the pieces, in their order."""

    def begin(self, row: int, request: Compose, state: State | None) -> None:
        """See :meth:`Writer.begin`."""
        opening = parse_steps(request.opening, "opening", self._limits)
        begins = state is None and not len(opening)
        length, limit = request.length, self._limits.steps
        require(
            int(begins) <= length <= limit, f"length={length}: must be between {int(begins)} and {limit:,}"
        )
        stream = self._runtime.stream()
        if state is not None:
            _check_finite(state)
            stream.restore(state)
        stream.push(opening)
        seed = secrets.randbelow(2**53) if request.seed is None else request.seed
        stream.generate(0, seed=seed)  # begins its random numbers
        self._stream.extend(stream)
        self._pieces.append(_Piece(row, length, request.temperature, seed))

    def end(self, row: int) -> None:
        """See :meth:`Writer.end`."""
        self._keep([place for place, piece in enumerate(self._pieces) if piece.row != row])

    def advance(self, rows: Collection[int]) -> Sequence[Progress[Composition]]:
        """See :meth:`Writer.advance`."""
        waiting = [place for place, piece in enumerate(self._pieces) if piece.row not in rows]
        waiting_pieces, waiting_stream = [self._pieces[i] for i in waiting], self._stream.select(waiting)
        self._keep([place for place, piece in enumerate(self._pieces) if piece.row in rows])
        progress = self._compose() if self._pieces else []
        self._keep([place for place, piece in enumerate(self._pieces) if piece.left])
        self._pieces += waiting_pieces
        self._stream.extend(waiting_stream)
        return progress

    def _compose(self) -> list[Progress[Composition]]:
        """Compose some steps of all pieces."""
        count = min(TURN, *(piece.left for piece in self._pieces))
        rolls = self._stream.generate(count, temperature=[piece.temperature for piece in self._pieces])
        return [self._add_steps(place, rolls[:, place]) for place in range(len(self._pieces))]

    def _add_steps(self, place: int, roll: Roll) -> Progress[Composition]:
        piece = self._pieces[place]
        steps = [list(step) for step in roll_to_piece(roll)]
        piece.steps += steps
        piece.left -= len(steps)
        event = Composed(steps=steps) if steps else None
        if piece.left:
            return Progress(piece.row, event, steps=len(steps))
        answer = Composition(steps=piece.steps, finish="length", seed=piece.seed)
        state = self._stream.select([place]).state()
        return Progress(piece.row, event, answer, state, steps=len(steps))

    def _keep(self, places: Sequence[int]) -> None:
        if len(places) < len(self._pieces):
            self._pieces = [self._pieces[place] for place in places]
            self._stream.keep(places)


def _check_finite(state: State) -> None:
    for name, values in state.items():
        if not np.isfinite(values).all():
            raise DataError(f"state: {name} contains a number that is not finite; begin without a state")
