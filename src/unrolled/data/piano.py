"""Collections of pieces of music: files of note lists, or folders of MIDI files."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from unrolled.data.catalogue.dataset import MUSIC
from unrolled.data.catalogue.lookup import locate
from unrolled.data.files import read_text
from unrolled.data.midi import Piece, read_midi
from unrolled.errors import DataError
from unrolled.reading import MalformedError, parse_json

LOWEST, KEYS = 21, 88
"""The keys of a piano: MIDI notes 21 to 108."""

PARTS = ("train", "valid", "test")
PianoNote = Annotated[int, msgspec.Meta(ge=LOWEST, le=LOWEST + KEYS - 1)]

_Part = Literal["train", "valid", "test"]
_Pieces = list[list[list[int]]]


def open_pieces(source: str | Path, steps_per_beat: int = 1) -> dict[str, list[Piece]]:
    """Return pieces by part: "train", "valid" and "test" where the file says so, else "train" alone.

    A file is JSON: a list of pieces, each a list of steps, each a list of MIDI notes; or such lists by part.
    A folder holds MIDI files, each a piece, by name.

    Raises:
        DataError: if it cannot be read, or a note is not on a piano.
    """
    path = locate(source, MUSIC)
    if os.path.isdir(path):
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
        if not files:
            raise DataError(f"{path}: the folder holds no .mid files")
        parts = {"train": [read_midi(p, steps_per_beat) for p in files]}
    elif path.suffix.lower() in (".mid", ".midi"):
        parts = {"train": [read_midi(path, steps_per_beat)]}
    else:
        parts = _read_json(path)
    for part, pieces in parts.items():
        for number, piece in enumerate(pieces):
            _check(piece, f"{source}: {part} piece {number + 1}")
    return parts


def piano_roll(piece: Piece) -> NDArray[np.float32]:
    """Return (T, 88): 1 where a key sounds."""
    roll = np.zeros((len(piece), KEYS), np.float32)
    for step, notes in enumerate(piece):
        roll[step, [n - LOWEST for n in notes]] = 1.0
    return roll


def notes_of(roll: NDArray[np.float32]) -> Piece:
    """Return the piece of a piano roll (T, 88)."""
    return [tuple(int(k) + LOWEST for k in np.flatnonzero(step)) for step in roll]


def _read_json(path: Path) -> dict[str, list[Piece]]:
    text = read_text(path)
    try:
        values = parse_json(text, _Pieces | dict[_Part, _Pieces])
    except MalformedError as error:
        raise DataError(
            f"{path}: is {error}; give pieces as lists of steps as lists of MIDI notes, such lists by part "
            f"({', '.join(PARTS)}), or a folder of MIDI files"
        ) from None
    parts = {"train": values} if isinstance(values, list) else dict(values)
    if "train" not in parts:
        raise DataError(f"{path}: holds no part 'train'")
    return {p: [[tuple(sorted(s)) for s in piece] for piece in pieces] for p, pieces in parts.items()}


def _check(piece: Piece, where: str) -> None:
    if len(piece) < 2:
        raise DataError(
            f"{where}: {len(piece)} steps are too few: the next step is predicted from those before it"
        )
    for step, notes in enumerate(piece):
        for note in notes:
            if not LOWEST <= note < LOWEST + KEYS:
                raise DataError(
                    f"{where}, step {step + 1}: note {note} is not on a piano (MIDI {LOWEST} to "
                    f"{LOWEST + KEYS - 1})"
                )
