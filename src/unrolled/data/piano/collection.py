"""Pieces of music by part."""

from dataclasses import dataclass

from unrolled.data.midi.grid import Piece
from unrolled.data.midi.notes import COMMON_TIME


@dataclass(frozen=True)
class Collection:
    """Pieces by part, and what their files say besides the notes."""

    parts: dict[str, list[Piece]]
    """ "train", "valid" and "test" where the source says so, else "train" alone."""
    works: tuple[str, ...] = ()
    """The name of each piece of the part "train": pieces of one name are one work, or parts of it."""
    steps_per_beat: int = 1
    """Steps of a quarter note."""
    tempo: float = 0.0
    """Quarter notes a minute, the median over the pieces; 0 if no file says it."""
    metre: tuple[int, int] = COMMON_TIME
    """Numerator and denominator of the most frequent time signature."""
    notes: tuple[str, ...] = ()
    """What was chosen or left out, one line each."""

    def __repr__(self) -> str:
        counts = ", ".join(f"{part}: {len(pieces)}" for part, pieces in self.parts.items())
        return f"Collection({counts}, steps_per_beat={self.steps_per_beat})"
