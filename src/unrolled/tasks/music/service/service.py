"""The operations of a music model."""

import base64
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from unrolled.config import require
from unrolled.data.piano import KEYS, LOWEST, roll_to_piece
from unrolled.tasks.base.service import Operation, Service, WritingOperation
from unrolled.tasks.base.service.operations import AnyOperation
from unrolled.tasks.music.midi import DEFAULT_TEMPO, encode_piece
from unrolled.tasks.music.runtime import MusicRuntime
from unrolled.tasks.music.service.composer import Composer
from unrolled.tasks.music.service.messages import (
    Compose,
    Composed,
    Composition,
    Midi,
    MidiFile,
    Next,
    NextKeys,
)
from unrolled.tasks.music.service.reader import opening_probabilities, parse_steps, read_logits
from unrolled.tasks.music.stream import sigmoid
from unrolled.wording import counted

EXAMPLES = 24
"""Number of openings in the details."""


class MusicService(Service[MusicRuntime]):
    """Composes pieces, returns probabilities of keys, and writes MIDI files; see :class:`Service`."""

    def operations(self) -> Sequence[AnyOperation]:
        """See :meth:`Service.operations`."""
        steps = [list(step) for step in self.runtime.artifacts.openings[:1]] or [[60]]
        return [
            WritingOperation(
                "compose",
                "Compose piano music, after an opening or from the start",
                Compose,
                Composed,
                Composition,
                lambda: Composer(self.runtime, self.limits),
                example={"opening": steps, "length": 16, "seed": 1},
            ),
            Operation(
                "next",
                "Probabilities of the keys of the next step",
                Next,
                NextKeys,
                self._next,
                example={"steps": steps},
            ),
            Operation(
                "midi", "Write steps as a MIDI file", Midi, MidiFile, self._midi, example={"steps": steps}
            ),
        ]

    def details(self) -> dict[str, Any]:
        """See :meth:`Service.details`."""
        artifacts, openings = self.runtime.artifacts, self.runtime.artifacts.openings
        return {
            "lowest": LOWEST,
            "keys": KEYS,
            "steps_per_beat": self.runtime.config.pieces.steps_per_beat or 1,
            "tempo": artifacts.tempo or DEFAULT_TEMPO,
            "metre": list(artifacts.metre),
            "openings": [list(step) for step in dict.fromkeys(openings)][:EXAMPLES],
        }

    def _next(self, requests: Sequence[Next]) -> list[NextKeys]:
        rolls = [parse_steps(request.steps, "steps", self.limits) for request in requests]
        logits = read_logits(self.runtime, rolls)
        return [self._describe(request, rows) for request, rows in zip(requests, logits, strict=True)]

    def _describe(self, request: Next, logits: NDArray[Any]) -> NextKeys:
        first = opening_probabilities(self.runtime.artifacts.openings)
        p = [first, *sigmoid(logits / request.temperature)]
        return NextKeys(
            probabilities=_round(p[-1]), earlier=[_round(row) for row in p[:-1]] if request.every else []
        )

    def _midi(self, requests: Sequence[Midi]) -> list[MidiFile]:
        return [self._write(request) for request in requests]

    def _write(self, request: Midi) -> MidiFile:
        notes, limit = sum(map(len, request.steps)), self.limits.characters
        require(notes <= limit, f"steps: {counted(notes, 'note')} are too many; up to {limit:,} are written")
        piece = roll_to_piece(parse_steps(request.steps, "steps", self.limits))
        config, artifacts = self.runtime.config, self.runtime.artifacts
        data = encode_piece(piece, config, artifacts, tempo=request.tempo)
        return MidiFile(data=base64.b64encode(data).decode("ascii"))


def _round(probabilities: NDArray[Any]) -> list[float]:
    """Return probabilities with six significant digits, which keeps answers short."""
    return [float(f"{p:.6g}") for p in probabilities.tolist()]
