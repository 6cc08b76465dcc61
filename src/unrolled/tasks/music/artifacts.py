"""What a model of piano rolls needs besides configuration and weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from unrolled.data.midi import Piece
from unrolled.data.piano import PianoNote
from unrolled.tasks.base.artifacts import Artifacts, Stored
from unrolled.training.files import read_json_as

OPENINGS = "openings.json"


class _File(msgspec.Struct):
    openings: list[tuple[PianoNote, ...]]


@dataclass(frozen=True)
class PianoRollArtifacts(Artifacts):
    """The beginnings of the training pieces."""

    openings: Piece
    """First step of each piece, from which a composition may start."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        return Stored({}, {OPENINGS: {"openings": self.openings}})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        return cls(read_json_as(folder / OPENINGS, _File).openings)
