"""Read pieces from JSON: lists of steps, each a list of MIDI notes, like the published chorales."""

from pathlib import Path
from typing import Literal

from unrolled.data.midi.grid import Piece
from unrolled.data.piano.rolls import KEYS, LOWEST, on_piano
from unrolled.errors import DataError
from unrolled.reading import MalformedError, decode_utf8, parse_json
from unrolled.wording import counted

PARTS = ("train", "valid", "test")
REST = -1
"""Number of a silent voice, in files with one number per voice; null means the same."""

ABC_ENDING = ".abc"
ABC = "ABC notation is not read: turn it into MIDI first (abc2midi TUNES.abc)"

_Part = Literal["train", "valid", "test"]
_Pieces = list[list[list[int | None]]]


def parse_note_lists(raw: bytes, path: Path) -> dict[str, list[Piece]]:
    """Return the pieces of a JSON file by part; a list without parts becomes the part "train".

    Raises:
        DataError: if the file has another format.
    """
    try:
        values = parse_json(decode_utf8(raw, path), _Pieces | dict[_Part, _Pieces])
    except (MalformedError, DataError) as error:
        raise DataError(f"{_describe_error(raw, path, error)}; {_give_advice(raw, path)}") from None
    parts = {"train": values} if isinstance(values, list) else dict(values)
    if "train" not in parts:
        raise DataError(f"{path}: has no part 'train'")
    return {part: [_to_piece(steps) for steps in pieces] for part, pieces in parts.items()}


def check_length(steps: int, where: str) -> None:
    """Check that a piece has at least two steps, so that one can be predicted.

    Raises:
        DataError: if it is shorter.
    """
    if steps < 2:
        raise DataError(
            f"{where}: {counted(steps, 'step')} {'is' if steps == 1 else 'are'} too few: each step is "
            "predicted from those before it, so that at least two are needed"
        )


def check_notes(piece: Piece, where: str) -> None:
    """Check that all notes of a piece are on a piano.

    Raises:
        DataError: if a note is outside its range.
    """
    for step, notes in enumerate(piece):
        for note in notes:
            if not on_piano(note):
                raise DataError(
                    f"{where}, step {step + 1}: note {note} is not on a piano (MIDI {LOWEST} to "
                    f"{LOWEST + KEYS - 1})"
                )


def _to_piece(steps: list[list[int | None]]) -> Piece:
    return [tuple(sorted({n for n in step if n is not None and n != REST})) for step in steps]


def _describe_error(raw: bytes, path: Path, error: Exception) -> str:
    if not raw.strip():
        return f"{path}: is empty"
    if b"\0" in raw:
        return f"{path}: is binary, but not a MIDI file"
    if path.suffix.lower() == ABC_ENDING:
        return f"{path}: is not a MIDI file"
    return str(error) if isinstance(error, DataError) else f"{path}: is {error}"


def _give_advice(raw: bytes, path: Path) -> str:
    if path.suffix.lower() == ABC_ENDING:
        return ABC
    if raw[:1] == b"\x80" or raw[:4] == b"PK\x03\x04":
        return (
            "pickle, npz and zip files are not read, since they can run code; save their lists of notes as "
            "JSON (json.dump), or unpack them"
        )
    return (
        "give MIDI files, or JSON: a list of pieces, each a list of steps, each a list of MIDI notes; or "
        f"such lists by part ({', '.join(PARTS)})"
    )
