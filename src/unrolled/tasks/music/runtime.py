"""The music model without torch: streams of piano keys that are read and composed step by step."""

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unrolled.config import require
from unrolled.data.midi import Piece
from unrolled.data.piano import KEYS, roll_to_piece
from unrolled.engine import Engine
from unrolled.models.steps.vectors import OUTPUT, VECTOR, encoder_step
from unrolled.programs.program import Program, Shape
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.music.artifacts import MusicArtifacts
from unrolled.tasks.music.config import MusicModelConfig
from unrolled.tasks.music.input import convert_rolls
from unrolled.tasks.music.midi import write_piece
from unrolled.tasks.music.stream import MusicStream, sigmoid


class MusicRuntime(Runtime[MusicModelConfig, MusicArtifacts]):
    """A trained music model in the native runtime; see :class:`Runtime`."""

    verb: ClassVar[str] = "music"

    def step_program(self) -> Program:
        """See :meth:`Runtime.step_program`: keys → logits of the keys of the next step."""
        c = self.config
        return encoder_step(KEYS, KEYS, "head", c.cell, c.network, c.dropout)

    @cached_property
    def engine(self) -> Engine:
        """The native interpreter of the program."""
        return self.make_engine(self.step_program())

    def shapes(self) -> dict[str, Shape]:
        """See :meth:`Runtime.shapes`."""
        return dict(self.step_program().parameters)

    def stream(self, batch: int = 1) -> MusicStream:
        """Return a stream of ``batch`` pieces that are read and composed step by step."""
        return MusicStream(self.engine.stream(batch), self.artifacts.openings)

    def predict(self, X: Any) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """Return for each step the probability of each key to sound in the next step, (steps, 88).

        Args:
            X: one piece, which gives one array; or a list of pieces, which gives a list of arrays. See
                :func:`convert_rolls`.

        Raises:
            DataError: if it is not a piece.
        """
        rolls, single = convert_rolls(X, check_lengths=False)
        logits = [self.engine.stream().run({VECTOR: roll[:, None]})[OUTPUT][:, 0] for roll in rolls]
        probabilities = [sigmoid(row).astype(np.float32) for row in logits]
        return probabilities[0] if single else probabilities

    def compose(
        self, length: int = 64, *, opening: Any = None, temperature: float = 1.0, seed: int = 0
    ) -> Piece:
        """Compose a piece as :meth:`MusicModel.compose`, whose piece for the same seed is another one.

        Args:
            length: number of steps to sample, after the opening if one is given.
            opening: a piece to continue, which is the start of the result; None samples the first step from
                the openings of the training pieces.
            temperature: probabilities are σ(logit / temperature); values below 1 favour probable keys.
            seed: random seed; the same seed gives the same piece.

        Raises:
            ConfigError: if an option is out of range.
            DataError: if the opening is not a piece.
        """
        has_opening = opening is not None and len(opening)
        require(length >= (not has_opening), f"length={length}: must be at least {int(not has_opening)}")
        stream, parts = self.stream(), []
        if has_opening:
            parts = [convert_rolls(opening, check_lengths=False)[0][0]]
            stream.push(parts[0])
        parts.append(stream.generate(length, temperature=temperature, seed=seed)[:, 0])
        return roll_to_piece(np.concatenate(parts))

    def write_midi(
        self,
        piece: Piece,
        path: str | Path,
        *,
        tempo: float | None = None,
        metre: tuple[int, int] | None = None,
    ) -> None:
        """Write a piece as a MIDI file; see :func:`write_piece`."""
        write_piece(piece, path, self.config, self.artifacts, tempo=tempo, metre=metre)
