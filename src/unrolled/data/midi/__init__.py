"""Read MIDI files as steps of notes, and write them."""

from unrolled.data.midi.grid import Piece
from unrolled.data.midi.read import read_midi
from unrolled.data.midi.write import make_midi

__all__ = ["Piece", "make_midi", "read_midi"]


def __dir__() -> list[str]:
    return sorted(__all__)
