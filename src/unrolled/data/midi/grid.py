"""Quantise notes to a grid of steps, and choose how fine the grid is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data.midi.notes import Performance
from unrolled.reading import MalformedError

Piece = list[tuple[int, ...]]
"""MIDI notes that sound in each step, from low to high."""

GRIDS = (1, 2, 3, 4, 6, 8)
"""Steps per quarter note to try: 1/4, 1/8, 1/8 triplets, 1/16, 1/16 triplets, 1/32."""
MIN_DISTINCT = 0.99
"""Minimum fraction of notes and of chords whose start stays distinct on the grid."""
CHORD = 1 / 16
"""Notes that start at most this far apart, in quarter notes, form a chord, since players are not exact."""
LONGEST, NOTES = 1 << 18, 128
"""Maximum number of steps of a piece; number of MIDI notes."""


class QuantisedPiece(NamedTuple):
    """A piece quantised to a grid, and what was lost."""

    piece: Piece
    notes: int
    """Number of notes; notes that start at the same time on the same key count once."""
    merged: int
    """Notes merged with the one before, because there is no step between them for a release."""


def quantise(performance: Performance, steps_per_beat: int) -> QuantisedPiece:
    """Round each note to the grid: its start to the nearest step, its length to at least one step.

    A key sounds while any of its notes does. Before a key is pressed again, it is silent for one step, so
    that the two notes differ from a held one. If there is no step between them, they are merged.

    Raises:
        MalformedError: if there are too many steps.
    """
    start, end = _spans(performance, steps_per_beat)
    length = int(end.max(initial=0))
    if performance.marker and performance.marker.steps_per_beat == steps_per_beat:
        length = max(length, performance.marker.steps)
    if length > LONGEST:
        raise MalformedError(f"{length:,} steps long (at most {LONGEST:,} are allowed)")
    notes = np.array([note.note for note in performance.notes], dtype=np.int64)
    sounds, struck = np.zeros((length, NOTES), bool), np.zeros((length, NOTES), bool)
    for first, last, note in zip(start, end, notes, strict=True):
        sounds[first:last, note] = True
    struck[start, notes] = True
    repeated = struck[1:] & sounds[:-1]
    sounds[:-1] &= ~(repeated & ~struck[:-1])
    piece = [tuple(np.flatnonzero(step).tolist()) for step in sounds]
    count = len({(note.start, note.note) for note in performance.notes})
    return QuantisedPiece(piece, count, count - int(struck.sum()) + int((repeated & struck[:-1]).sum()))


def choose_steps(performances: Sequence[Performance]) -> tuple[int, float]:
    """Choose the steps per quarter note; return them and the fraction of notes or chords that stay distinct.

    The choice is the coarsest grid of :data:`GRIDS` that keeps the fraction :data:`MIN_DISTINCT` distinct,
    else the finest one. Files written by this package keep the grid with which they were written.
    """
    markers = {p.marker.steps_per_beat if p.marker else 0 for p in performances}
    if len(markers) == 1 and 0 not in markers:
        return markers.pop(), 1.0
    for steps_per_beat in GRIDS:
        counts = np.array([_count_distinct(p, steps_per_beat) for p in performances], dtype=np.int64)
        chords, distinct_chords, notes, distinct_notes = counts.sum(0).tolist()
        fraction = min(distinct_chords / max(chords, 1), distinct_notes / max(notes, 1))
        if fraction >= MIN_DISTINCT:
            break
    return steps_per_beat, fraction


def _spans(performance: Performance, steps_per_beat: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first step of each note, and the step after its last one."""
    times = np.array([(n.start, n.end) for n in performance.notes], dtype=float).reshape(-1, 2)
    rounded = np.floor(times * steps_per_beat / performance.beat + 0.5)
    start, end = np.minimum(rounded, 2.0**62).astype(np.int64).T
    return start, np.maximum(end, start + 1)


def _count_distinct(performance: Performance, steps_per_beat: int) -> tuple[int, int, int, int]:
    """Count the chords, the chords with distinct steps, the notes, and the notes with a distinct start."""
    start, _ = _spans(performance, steps_per_beat)
    ticks = np.array([n.start for n in performance.notes])
    first = np.diff(ticks, prepend=-np.inf) > performance.beat * CHORD
    notes = np.array([n.note for n in performance.notes], dtype=np.int64)
    _, order = np.unique(np.stack([notes, ticks]), axis=1, return_index=True)
    keys, first_steps = notes[order], start[order]  # sorted by key, then by time
    too_close = (np.diff(keys, append=-1) == 0) & (
        np.append(first_steps[1:], 0) - first_steps < 2
    )  # no step between them for a release
    return int(first.sum()), len(np.unique(start[first])), len(order), len(order) - int(too_close.sum())
