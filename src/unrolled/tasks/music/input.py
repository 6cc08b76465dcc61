"""Pieces from memory: arrays, and lists of notes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.data.piano import KEYS, LOWEST, piano_roll
from unrolled.data.piano.note_lists import check_length, check_notes
from unrolled.errors import DataError
from unrolled.tasks.music.data import Roll, Source

MIDI_NOTES = 128
TAKEN = (
    f"give pieces as arrays (steps, {KEYS}) of a piano's keys or (steps, {MIDI_NOTES}) of MIDI notes, 0 where"
    " a key is silent, or as lists of steps, each a list of MIDI notes"
)


def source_of(X: Any) -> Source:
    """Return pieces from memory as a source without parts; see :func:`rolls_of`."""
    return Source({"train": rolls_of(X)[0]}, 1)


def rolls_of(X: Any, *, predicted: bool = True) -> tuple[list[Roll], bool]:
    """Return pieces as piano rolls (steps, 88), and whether ``X`` is one piece and not a list of pieces.

    Args:
        X: a piece or a sequence of pieces. A piece is an array (steps, 88) of a piano's keys or (steps, 128)
            of MIDI notes, where what is above 0 sounds, or a list of steps, each a list of MIDI notes.
        predicted: whether each piece needs a step that can be predicted, its second.

    Raises:
        DataError: if it is of another form, or a note is not on a piano.
    """
    depth = _depth(X)
    if depth not in (2, 3):
        raise DataError(f"pieces: got {_described(X)}; {TAKEN}")
    pieces = [X] if depth == 2 else list(X)
    if not pieces:
        raise DataError(f"pieces: got none; {TAKEN}")
    one = depth == 2
    rolls = [_roll(p, "piece" if one else f"piece {n}") for n, p in enumerate(pieces, 1)]
    if predicted:
        for number, roll in enumerate(rolls, 1):
            check_length(len(roll), f"piece {number}")
    return rolls, one


def _depth(value: Any) -> int:
    """Return the axes of an array, or how deep lists are nested: 2 for a piece, 3 for several."""
    if hasattr(value, "shape"):
        holds_lists = getattr(getattr(value, "dtype", None), "kind", "") == "O"
        return len(value.shape) + (max((_depth(v) for v in value), default=0) if holds_lists else 0)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return 1 + max((_depth(v) for v in value), default=0)
    return 0


def _roll(piece: Any, where: str) -> Roll:
    if not hasattr(piece, "shape") and all(np.shape(step) in ((KEYS,), (MIDI_NOTES,)) for step in piece):
        piece = np.array(piece)  # a list of rows
    return _of_array(np.asarray(piece), where) if hasattr(piece, "shape") else _of_notes(piece, where)


def _of_array(array: Any, where: str) -> Roll:
    if array.ndim != 2 or array.shape[1] not in (KEYS, MIDI_NOTES):
        turned = array.ndim == 2 and array.shape[0] in (KEYS, MIDI_NOTES)
        hint = "; steps are rows: give it transposed (.T)" if turned else f"; {TAKEN}"
        raise DataError(f"{where}: is an array {array.shape}{hint}")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: is an array of {array.dtype}, not of numbers; {TAKEN}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise DataError(f"{where}: holds a number below 0 or none at all (NaN); {TAKEN}")
    sounds = array > 0
    if array.shape[1] == MIDI_NOTES:
        outside = np.flatnonzero(np.delete(sounds, np.s_[LOWEST : LOWEST + KEYS], axis=1).any(0))
        if len(outside):
            raise DataError(f"{where}: holds notes that no piano has (MIDI {LOWEST} to {LOWEST + KEYS - 1})")
        sounds = sounds[:, LOWEST : LOWEST + KEYS]
    return np.ascontiguousarray(sounds, np.float32)


def _of_notes(piece: Any, where: str) -> Roll:
    for number, step in enumerate(piece, 1):
        if not hasattr(step, "__iter__") or isinstance(step, str | bytes):
            raise DataError(f"{where}, step {number}: {step!r:.40} is no list of notes; {TAKEN}")
        for note in step:
            if isinstance(note, bool) or not isinstance(note, int | np.integer):
                raise DataError(f"{where}, step {number}: {note!r:.40} is no MIDI note; {TAKEN}")
    notes = [tuple(int(note) for note in step) for step in piece]
    check_notes(notes, where)
    return piano_roll(notes)


def _described(X: Any) -> str:
    shape = getattr(X, "shape", None)
    return f"{type(X).__name__} of shape {tuple(shape)}" if shape is not None else f"{X!r:.60}"
