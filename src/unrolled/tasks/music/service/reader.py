"""Reads steps of pieces, and returns the probability of each key after them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unrolled.config import require
from unrolled.data.midi import Piece
from unrolled.data.piano import KEYS, piano_roll
from unrolled.data.piano.note_lists import check_notes
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.models.steps.vectors import OUTPUT, VECTOR
from unrolled.tasks.base.service import Limits
from unrolled.tasks.music.data import Roll
from unrolled.tasks.music.runtime import MusicRuntime
from unrolled.wording import counted

CHUNK_KEYS = 4_000_000
"""Keys of all pieces that are read at a time."""


def parse_steps(steps: Sequence[Sequence[int]], field: str, limits: Limits) -> Roll:
    """Return steps of a request as a piano roll (T, 88).

    Raises:
        ConfigError: if there are too many.
        DataError: if a note is not on a piano.
    """
    require(
        len(steps) <= limits.steps,
        f"{field}: {counted(len(steps), 'step')} are too many; this server reads up to {limits.steps:,}",
    )
    piece = [tuple(step) for step in steps]
    check_notes(piece, field)
    return piano_roll(piece)


def read_logits(runtime: MusicRuntime, rolls: Sequence[Roll]) -> list[NDArray[np.float32]]:
    """Return the logits (T_i, 88) of the keys after each step of pieces (T_i, 88), read as one batch.

    Raises:
        NonFiniteError: if the model gives no finite probabilities.
    """
    stream = runtime.engine.stream(len(rolls))
    lengths = np.array([len(roll) for roll in rolls], np.int64)
    logits = [np.empty((len(roll), KEYS), np.float32) for roll in rolls]
    chunk = max(1, CHUNK_KEYS // (KEYS * max(1, len(rolls))))
    for begin in range(0, max(lengths, default=0), chunk):
        ends = np.clip(lengths - begin, 0, chunk)
        x = np.zeros((ends.max(), len(rolls), KEYS), np.float32)
        for row, roll in enumerate(rolls):
            x[: ends[row], row] = roll[begin : begin + chunk]
        y = stream.run({VECTOR: x}, lengths=ends)[OUTPUT]
        for row, end in enumerate(ends):
            logits[row][begin : begin + end] = y[:end, row]
    if not all(np.isfinite(values).all() for values in logits):
        raise non_finite_error()
    return logits


def opening_probabilities(openings: Piece) -> NDArray[np.float64]:
    """Return the fraction of openings in which each key sounds, (88,): the distribution of the first step."""
    return piano_roll(openings or [()]).mean(0, dtype=np.float64)
