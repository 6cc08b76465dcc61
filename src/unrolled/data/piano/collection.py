"""A collection of pieces of music, by part."""

from dataclasses import dataclass

from unrolled.data.midi.grid import Piece
from unrolled.data.midi.notes import COMMON_TIME


@dataclass(frozen=True)
class Collection:
    """Pieces of music by part, with the tempo and metre of their files."""

    parts: dict[str, list[Piece]]
    """Pieces of "train", "valid" and "test" if the source has these parts, else all in "train"."""
    works: tuple[str, ...] = ()
    """Name of the work of each piece in "train": pieces with the same name belong to one work."""
    steps_per_beat: int = 1
    """Steps per quarter note."""
    tempo: float = 0.0
    """Quarter notes per minute, the median over the pieces; 0 if unknown."""
    metre: tuple[int, int] = COMMON_TIME
    """Numerator and denominator of the most frequent time signature."""
    notes: tuple[str, ...] = ()
    """What was chosen or left out, one line each."""

    def __repr__(self) -> str:
        counts = ", ".join(f"{part}: {len(pieces)}" for part, pieces in self.parts.items())
        return f"Collection({counts}, steps_per_beat={self.steps_per_beat})"
