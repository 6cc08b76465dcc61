"""Pieces of music as steps of notes, from MIDI files and back."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unrolled.data.midi_events import NoteEvent, note_events, read_header
from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.reading import MalformedError, read_bytes

if TYPE_CHECKING:
    import mido

Piece = list[tuple[int, ...]]
"""The MIDI notes that sound in each step, from low to high."""

TICKS = 480
"""Ticks of a quarter note in the files that are written."""

LONGEST, NOTES = 1 << 18, 128


def make_midi(piece: Piece, *, steps_per_beat: int = 1, tempo: int = 90) -> "mido.MidiFile":
    """Return a MIDI file of one track; a note that goes on in the next step is held.

    Args:
        piece: notes of each step.
        steps_per_beat: steps of a quarter note.
        tempo: quarter notes a minute.

    Raises:
        MissingExtraError: if mido is not installed.
    """
    with extra("music", "writing MIDI files"):
        import mido

    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
    wait, sounding = 0, set[int]()
    for notes in [*piece, ()]:
        changes = [("note_off", n) for n in sorted(sounding - set(notes))]
        changes += [("note_on", n) for n in sorted(set(notes) - sounding)]
        for kind, note in changes:
            track.append(mido.Message(kind, note=note, velocity=64, time=wait))
            wait = 0
        sounding = set(notes)
        wait += TICKS // steps_per_beat
    track.append(mido.MetaMessage("end_of_track", time=wait))
    return file


def read_midi(path: Path, steps_per_beat: int = 1) -> Piece:
    """Return the notes of each step of a MIDI file; a step holds what sounds in its first half.

    Raises:
        DataError: if it is no MIDI file, has no steady beat, no notes, or too many steps.
    """
    raw = read_bytes(path)
    try:
        header = read_header(raw)
        if header.format == 2 or header.division <= 0:
            raise DataError(f"{path}: has no common beat (type {header.format}); save it as MIDI type 0 or 1")
        events = note_events(raw)
    except MalformedError as error:
        raise DataError(f"{path}: is {error}") from None
    spans = list(_spans(events, header.division / steps_per_beat))
    length = max((last for _, last, _ in spans), default=0)
    if length > LONGEST:
        raise DataError(
            f"{path}: has {length:,} steps, and more than {LONGEST:,} are no piece of music; take "
            "fewer steps a beat, or cut the silence out"
        )
    roll = np.zeros((length, NOTES), dtype=bool)
    for first, last, note in spans:
        roll[first:last, note] = True
    if not roll.any():
        raise DataError(f"{path}: holds no notes")
    return [tuple(np.flatnonzero(step).tolist()) for step in roll]


def _spans(events: list[NoteEvent], ticks: float) -> Iterator[tuple[int, int, int]]:
    """Yield the first step of each note, the step after its last, and the note.

    A note shorter than half a step takes one, if a note that has ended reaches as far.
    """
    began: dict[tuple[int, int], int] = {}
    reached = 0
    for event in events:
        voice = (event.channel, event.note)
        if voice in began:
            first, last = round(began.pop(voice) / ticks), round(event.tick / ticks)
            reached = max(reached, last)
            yield first, min(max(last, first + 1), reached), event.note
        if event.velocity:
            began[voice] = event.tick
