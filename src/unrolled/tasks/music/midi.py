"""Write a composed piece as a MIDI file, with the tempo and metre of the training pieces."""

import io
from pathlib import Path

from unrolled.data.midi import Piece, make_midi
from unrolled.storage.output import parse_output_path, write_output
from unrolled.tasks.music.artifacts import MusicArtifacts
from unrolled.tasks.music.config import MusicModelConfig

DEFAULT_TEMPO = 90
"""Quarter notes per minute if neither the pieces nor the user set a tempo."""


def write_piece(
    piece: Piece,
    path: str | Path,
    config: MusicModelConfig,
    artifacts: MusicArtifacts,
    *,
    tempo: float | None = None,
    metre: tuple[int, int] | None = None,
) -> None:
    """Write a piece as a MIDI file; see :func:`encode_piece`.

    Raises:
        ConfigError: if the tempo is out of range.
        RunError: if the file cannot be written.
    """
    data = encode_piece(piece, config, artifacts, tempo=tempo, metre=metre)
    write_output(parse_output_path(path), data)


def encode_piece(
    piece: Piece,
    config: MusicModelConfig,
    artifacts: MusicArtifacts,
    *,
    tempo: float | None = None,
    metre: tuple[int, int] | None = None,
) -> bytes:
    """Return the content of a MIDI file with a piece.

    Args:
        piece: notes of each step.
        config: configuration of the model, with the steps per beat.
        artifacts: tempo and metre of the training pieces.
        tempo: quarter notes per minute; None uses the tempo of the training pieces, or 90.
        metre: numerator and denominator of the time signature; None uses that of the training pieces.

    Raises:
        ConfigError: if the tempo is out of range.
    """
    buffer = io.BytesIO()
    file = make_midi(
        piece,
        steps_per_beat=config.pieces.steps_per_beat or 1,
        tempo=tempo or artifacts.tempo or DEFAULT_TEMPO,
        metre=metre or artifacts.metre,
    )
    file.save(file=buffer)
    return buffer.getvalue()
