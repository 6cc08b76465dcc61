"""Convert pieces to piano rolls and back."""

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from unrolled.data.midi import Piece

LOWEST, KEYS = 21, 88
"""Lowest MIDI note and number of keys of a piano (MIDI notes 21 to 108)."""

PianoNote = Annotated[int, msgspec.Meta(ge=LOWEST, le=LOWEST + KEYS - 1)]


def on_piano(note: int) -> bool:
    """Return whether a MIDI note is on a piano."""
    return LOWEST <= note < LOWEST + KEYS


def piano_roll(piece: Piece) -> NDArray[np.float32]:
    """Return the piano roll of a piece, (T, 88): 1 if a key sounds in a step, else 0."""
    roll = np.zeros((len(piece), KEYS), np.float32)
    for step, notes in enumerate(piece):
        roll[step, [n - LOWEST for n in notes]] = 1.0
    return roll


def roll_to_piece(roll: NDArray[np.float32]) -> Piece:
    """Convert a piano roll (T, 88) back to a piece."""
    return [tuple(int(k) + LOWEST for k in np.flatnonzero(step)) for step in roll]
