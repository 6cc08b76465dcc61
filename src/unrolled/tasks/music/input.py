"""Conversion of pieces in memory, arrays and lists of notes, into piano rolls."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.data.piano import KEYS, LOWEST, piano_roll
from unrolled.data.piano.note_lists import check_length, check_notes
from unrolled.errors import DataError
from unrolled.tasks.music.data import MusicSource, Roll

MIDI_NOTES = 128
ACCEPTED_FORMS = (
    f"give pieces as arrays (steps, {KEYS}) of piano keys or (steps, {MIDI_NOTES}) of MIDI notes, with 0 for"
    " silent keys, or as lists of steps, each a list of MIDI notes"
)


def convert_source(X: Any) -> MusicSource:
    """Convert pieces in memory into a source with the part "train" only; see :func:`convert_rolls`."""
    return MusicSource({"train": convert_rolls(X)[0]}, 1)


def convert_rolls(X: Any, *, check_lengths: bool = True) -> tuple[list[Roll], bool]:
    """Return pieces as piano rolls (steps, 88), and whether ``X`` is a single piece.

    Args:
        X: a piece or a sequence of pieces. A piece is an array (steps, 88) of piano keys or (steps, 128) of
            MIDI notes, above 0 for keys that sound, or a list of steps, each a list of MIDI notes.
        check_lengths: refuse pieces of one step, which have no next step to predict.

    Raises:
        DataError: if X has another form, or a note is not on a piano.
    """
    depth = _depth(X)
    if depth not in (2, 3):
        raise DataError(f"pieces: got {_describe_value(X)}; {ACCEPTED_FORMS}")
    pieces = [X] if depth == 2 else list(X)
    if not pieces:
        raise DataError(f"pieces: got none; {ACCEPTED_FORMS}")
    single = depth == 2
    rolls = [_convert_piece(p, "piece" if single else f"piece {n}") for n, p in enumerate(pieces, 1)]
    if check_lengths:
        for number, roll in enumerate(rolls, 1):
            check_length(len(roll), f"piece {number}")
    return rolls, single


def _depth(value: Any) -> int:
    """Return the number of axes of an array, or the depth of nested lists: 2 for a piece, 3 for several."""
    if hasattr(value, "shape"):
        holds_lists = getattr(getattr(value, "dtype", None), "kind", "") == "O"
        return len(value.shape) + (max((_depth(v) for v in value), default=0) if holds_lists else 0)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return 1 + max((_depth(v) for v in value), default=0)
    return 0


def _convert_piece(piece: Any, where: str) -> Roll:
    if not hasattr(piece, "shape") and all(np.shape(step) in ((KEYS,), (MIDI_NOTES,)) for step in piece):
        piece = np.array(piece)  # a list of rows
    is_array = hasattr(piece, "shape")
    return _convert_array(np.asarray(piece), where) if is_array else _convert_notes(piece, where)


def _convert_array(array: Any, where: str) -> Roll:
    if array.ndim != 2 or array.shape[1] not in (KEYS, MIDI_NOTES):
        is_transposed = array.ndim == 2 and array.shape[0] in (KEYS, MIDI_NOTES)
        hint = "; steps are rows: give it transposed (.T)" if is_transposed else f"; {ACCEPTED_FORMS}"
        raise DataError(f"{where}: is an array {array.shape}{hint}")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: is an array of {array.dtype}, not of numbers; {ACCEPTED_FORMS}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise DataError(f"{where}: contains a number that is negative or not finite; {ACCEPTED_FORMS}")
    sounds = array > 0
    if array.shape[1] == MIDI_NOTES:
        outside = np.flatnonzero(np.delete(sounds, np.s_[LOWEST : LOWEST + KEYS], axis=1).any(0))
        if len(outside):
            raise DataError(
                f"{where}: contains notes that are not on a piano (MIDI {LOWEST} to {LOWEST + KEYS - 1})"
            )
        sounds = sounds[:, LOWEST : LOWEST + KEYS]
    return np.ascontiguousarray(sounds, np.float32)


def _convert_notes(piece: Any, where: str) -> Roll:
    for number, step in enumerate(piece, 1):
        if not hasattr(step, "__iter__") or isinstance(step, str | bytes):
            raise DataError(f"{where}, step {number}: {step!r:.40} is not a list of notes; {ACCEPTED_FORMS}")
        for note in step:
            if isinstance(note, bool) or not isinstance(note, int | np.integer):
                raise DataError(f"{where}, step {number}: {note!r:.40} is not a MIDI note; {ACCEPTED_FORMS}")
    notes = [tuple(int(note) for note in step) for step in piece]
    check_notes(notes, where)
    return piano_roll(notes)


def _describe_value(X: Any) -> str:
    shape = getattr(X, "shape", None)
    return f"{type(X).__name__} of shape {tuple(shape)}" if shape is not None else f"{X!r:.60}"
