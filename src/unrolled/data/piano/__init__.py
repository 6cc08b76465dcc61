"""Pieces for piano, as lists of notes per step and as piano rolls."""

from unrolled.data.piano.collection import Collection
from unrolled.data.piano.rolls import KEYS, LOWEST, PianoNote, piano_roll, roll_to_piece
from unrolled.data.piano.sources import open_pieces
from unrolled.renamed import renamed_names

__all__ = ["KEYS", "LOWEST", "Collection", "PianoNote", "open_pieces", "piano_roll", "roll_to_piece"]

__getattr__ = renamed_names(__name__, {"notes_of": "roll_to_piece"})


def __dir__() -> list[str]:
    return sorted(__all__)
