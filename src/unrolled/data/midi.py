"""Pieces of music as steps of notes, from MIDI files and back."""

from pathlib import Path

import mido

from unrolled.errors import DataError

Piece = list[tuple[int, ...]]
"""The MIDI notes that sound in each step, from low to high."""

TICKS = 480
"""Ticks of a quarter note in the files that are written."""


def make_midi(piece: Piece, *, steps_per_beat: int = 1, tempo: int = 90) -> mido.MidiFile:
    """Return a MIDI file of one track; a note that goes on in the next step is held.

    Args:
        piece: notes of each step.
        steps_per_beat: steps of a quarter note.
        tempo: quarter notes a minute.
    """
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
        DataError: if it is no MIDI file, has no steady beat, or no notes.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        file = mido.MidiFile(path)
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"{path}: is not a MIDI file ({error})") from None
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise DataError(f"{path}: has no common beat (type {file.type}); save it as MIDI type 0 or 1")
    ticks = file.ticks_per_beat / steps_per_beat
    steps: list[set[int]] = []
    began: dict[tuple[int, int], int] = {}
    now = 0
    for message in mido.merge_tracks(file.tracks):
        now += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        voice = (message.channel, message.note)
        if voice in began:
            first, last = round(began.pop(voice) / ticks), round(now / ticks)
            while len(steps) < last:
                steps.append(set())
            for step in steps[first : max(last, first + 1)]:
                step.add(message.note)
        if message.type == "note_on" and message.velocity:
            began[voice] = now
    if not any(steps):
        raise DataError(f"{path}: holds no notes")
    return [tuple(sorted(s)) for s in steps]
