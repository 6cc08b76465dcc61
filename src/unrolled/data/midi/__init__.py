"""MIDI files: read as steps of notes, and written."""

from unrolled.data.midi.grid import Piece
from unrolled.data.midi.read import read_midi
from unrolled.data.midi.write import make_midi

__all__ = ["Piece", "make_midi", "read_midi"]
