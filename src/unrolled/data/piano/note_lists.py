"""Pieces as JSON: lists of steps, each a list of MIDI notes, as the published chorales have them."""

from pathlib import Path
from typing import Literal

from unrolled.data.midi.grid import Piece
from unrolled.data.piano.rolls import KEYS, LOWEST, on_piano
from unrolled.errors import DataError
from unrolled.reading import MalformedError, decode_utf8, parse_json

PARTS = ("train", "valid", "test")
REST = -1
"""A voice that is silent, in files with a number for each voice; null is another way to say so."""

ABC_ENDING = ".abc"
ABC = "ABC notation is not read: turn it into MIDI first (abc2midi TUNES.abc)"

_Part = Literal["train", "valid", "test"]
_Pieces = list[list[list[int | None]]]


def parse_note_lists(raw: bytes, path: Path) -> dict[str, list[Piece]]:
    """Return the pieces of a JSON file by part; a list without parts is the part "train".

    Raises:
        DataError: if it is of another form.
    """
    try:
        values = parse_json(decode_utf8(raw, path), _Pieces | dict[_Part, _Pieces])
    except (MalformedError, DataError) as error:
        raise DataError(f"{_why(raw, path, error)}; {_advice(raw, path)}") from None
    parts = {"train": values} if isinstance(values, list) else dict(values)
    if "train" not in parts:
        raise DataError(f"{path}: holds no part 'train'")
    return {part: [_piece(steps) for steps in pieces] for part, pieces in parts.items()}


def check_length(steps: int, where: str) -> None:
    """Check that a piece has a step that can be predicted.

    Raises:
        DataError: if it has no second step.
    """
    if steps < 2:
        raise DataError(
            f"{where}: {steps} steps are too few: the next step is predicted from those before it"
        )


def check_notes(piece: Piece, where: str) -> None:
    """Check that a piano can play a piece.

    Raises:
        DataError: if it has a note that no piano has.
    """
    for step, notes in enumerate(piece):
        for note in notes:
            if not on_piano(note):
                raise DataError(
                    f"{where}, step {step + 1}: note {note} is not on a piano (MIDI {LOWEST} to "
                    f"{LOWEST + KEYS - 1})"
                )


def _piece(steps: list[list[int | None]]) -> Piece:
    return [tuple(sorted({n for n in step if n is not None and n != REST})) for step in steps]


def _why(raw: bytes, path: Path, error: Exception) -> str:
    if not raw.strip():
        return f"{path}: is empty"
    if b"\0" in raw:
        return f"{path}: is binary, and no MIDI file"
    if path.suffix.lower() == ABC_ENDING:
        return f"{path}: is no MIDI file"
    return str(error) if isinstance(error, DataError) else f"{path}: is {error}"


def _advice(raw: bytes, path: Path) -> str:
    if path.suffix.lower() == ABC_ENDING:
        return ABC
    if raw[:1] == b"\x80" or raw[:4] == b"PK\x03\x04":
        return (
            "pickle, npz and zip files are not read, since they may run code; write their lists of notes as "
            "JSON (json.dump), or unpack them"
        )
    return (
        "give MIDI files, or JSON: pieces as lists of steps as lists of MIDI notes, or such lists by part "
        f"({', '.join(PARTS)})"
    )
