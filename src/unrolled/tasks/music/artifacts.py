"""The artifacts of a music model: all that it needs besides its configuration and weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import msgspec

from unrolled.data.midi import Piece
from unrolled.data.midi.notes import COMMON_TIME
from unrolled.data.piano import PianoNote
from unrolled.short_repr import short_repr
from unrolled.tasks.base.artifacts import Artifacts, Stored, parse_artifact_values
from unrolled.training.tensor_files import read_json_as

OPENINGS = "openings.json"


_Numerator = Annotated[int, msgspec.Meta(ge=1, le=255)]
_Denominator = Literal[1, 2, 4, 8, 16, 32, 64]


class _File(msgspec.Struct):
    openings: list[tuple[PianoNote, ...]]


class _Values(msgspec.Struct):
    tempo: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0
    metre: tuple[_Numerator, _Denominator] = (4, 4)


@short_repr
@dataclass(frozen=True)
class MusicArtifacts(Artifacts):
    """The openings, tempo and metre of the training pieces."""

    openings: Piece
    """First step with notes of each piece; a composition starts from one of them."""
    tempo: float = 0.0
    """Median tempo of the pieces in quarter notes per minute; 0 if unknown."""
    metre: tuple[int, int] = COMMON_TIME
    """Numerator and denominator of the most frequent time signature."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        values = {"tempo": self.tempo, "metre": list(self.metre)}
        return Stored(values, {OPENINGS: {"openings": self.openings}})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        stored = parse_artifact_values(values, _Values)
        return cls(read_json_as(folder / OPENINGS, _File).openings, stored.tempo, stored.metre)
