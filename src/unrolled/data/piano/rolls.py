"""A piece as a piano roll, and back."""

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from unrolled.data.midi import Piece

LOWEST, KEYS = 21, 88
"""The keys of a piano: MIDI notes 21 to 108."""

PianoNote = Annotated[int, msgspec.Meta(ge=LOWEST, le=LOWEST + KEYS - 1)]


def on_piano(note: int) -> bool:
    """Tell whether a piano has the key of a MIDI note."""
    return LOWEST <= note < LOWEST + KEYS


def piano_roll(piece: Piece) -> NDArray[np.float32]:
    """Return (T, 88): 1 where a key sounds."""
    roll = np.zeros((len(piece), KEYS), np.float32)
    for step, notes in enumerate(piece):
        roll[step, [n - LOWEST for n in notes]] = 1.0
    return roll


def notes_of(roll: NDArray[np.float32]) -> Piece:
    """Return the piece of a piano roll (T, 88)."""
    return [tuple(int(k) + LOWEST for k in np.flatnonzero(step)) for step in roll]
