"""Notes on a grid of steps: which keys sound in each step, and how fine the grid has to be."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data.midi.notes import Performance
from unrolled.reading import MalformedError

Piece = list[tuple[int, ...]]
"""The MIDI notes that sound in each step, from low to high."""

GRIDS = (1, 2, 3, 4, 6, 8)
"""Steps of a quarter note that are tried: 1/4, 1/8, 1/8 triplets, 1/16, 1/16 triplets, 1/32."""
KEPT = 0.99
"""Share of notes and of chords that must keep a beginning of their own."""
CHORD = 1 / 16
"""Notes whose starts are at most this far apart, in quarter notes, are one chord: players are not exact."""
LONGEST, NOTES = 1 << 18, 128


class Steps(NamedTuple):
    """A piece on a grid."""

    piece: Piece
    notes: int
    """Number of notes; those that begin together on one key are one."""
    merged: int
    """Notes among them that are one with the note before, for want of a step to let the key go in."""


def steps_of(performance: Performance, steps_per_beat: int) -> Steps:
    """Round each note to the grid: its start to the nearest step, its length to one step or more.

    A key sounds while any of its notes does. One that is struck again is let go for the step before, so that
    both notes can be told from one that is held; without such a step they are one.

    Raises:
        MalformedError: if there are too many steps.
    """
    start, end = _spans(performance, steps_per_beat)
    length = int(end.max(initial=0))
    if performance.written and performance.written.steps_per_beat == steps_per_beat:
        length = max(length, performance.written.steps)
    if length > LONGEST:
        raise MalformedError(f"{length:,} steps long, and more than {LONGEST:,} are no piece of music")
    notes = np.array([note.note for note in performance.notes], dtype=np.int64)
    sounds, struck = np.zeros((length, NOTES), bool), np.zeros((length, NOTES), bool)
    for first, last, note in zip(start, end, notes, strict=True):
        sounds[first:last, note] = True
    struck[start, notes] = True
    again = struck[1:] & sounds[:-1]
    sounds[:-1] &= ~(again & ~struck[:-1])
    piece = [tuple(np.flatnonzero(step).tolist()) for step in sounds]
    count = len({(note.start, note.note) for note in performance.notes})
    return Steps(piece, count, count - int(struck.sum()) + int((again & struck[:-1]).sum()))


def choose_steps(performances: Sequence[Performance]) -> tuple[int, float]:
    """Return the steps of a quarter note for pieces, and the share of notes or chords that these keep apart.

    They are the fewest of :data:`GRIDS` that keep :data:`KEPT` of them, or the most; or those with which
    this package wrote the files.
    """
    written = {p.written.steps_per_beat if p.written else 0 for p in performances}
    if len(written) == 1 and 0 not in written:
        return written.pop(), 1.0
    for steps_per_beat in GRIDS:
        counts = np.array([_kept(p, steps_per_beat) for p in performances], dtype=np.int64)
        chords, kept_chords, notes, kept_notes = counts.sum(0).tolist()
        share = min(kept_chords / max(chords, 1), kept_notes / max(notes, 1))
        if share >= KEPT:
            break
    return steps_per_beat, share


def _spans(performance: Performance, steps_per_beat: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first step of each note, and the step after its last."""
    times = np.array([(n.start, n.end) for n in performance.notes], dtype=float).reshape(-1, 2)
    rounded = np.floor(times * steps_per_beat / performance.beat + 0.5)
    start, end = np.minimum(rounded, 2.0**62).astype(np.int64).T
    return start, np.maximum(end, start + 1)


def _kept(performance: Performance, steps_per_beat: int) -> tuple[int, int, int, int]:
    """Return the chords, those with a step of their own, the notes, and those whose start can be told."""
    start, _ = _spans(performance, steps_per_beat)
    ticks = np.array([n.start for n in performance.notes])
    first = np.diff(ticks, prepend=-np.inf) > performance.beat * CHORD
    notes = np.array([n.note for n in performance.notes], dtype=np.int64)
    _, where = np.unique(np.stack([notes, ticks]), axis=1, return_index=True)
    keys, at = notes[where], start[where]  # by key, then by time
    close = (np.diff(keys, append=-1) == 0) & (np.append(at[1:], 0) - at < 2)  # no step to let go in
    return int(first.sum()), len(np.unique(start[first])), len(where), len(where) - int(close.sum())
