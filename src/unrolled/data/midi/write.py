"""Write pieces as MIDI files."""

from typing import TYPE_CHECKING

from unrolled.config import require
from unrolled.data.midi.grid import Piece
from unrolled.data.midi.notes import COMMON_TIME, MICROSECONDS, GridMarker
from unrolled.extras import extra

if TYPE_CHECKING:
    import mido

TICKS = 480
"""Ticks per quarter note in the written files; rounded up to a multiple of the steps per beat."""
TEMPOS = (4, 1000)
"""Lowest and highest tempo, in quarter notes per minute."""


def make_midi(
    piece: Piece, *, steps_per_beat: int = 1, tempo: float = 90, metre: tuple[int, int] = COMMON_TIME
) -> "mido.MidiFile":
    """Return a MIDI file with one track; a note that continues in the next step is held.

    Args:
        piece: notes of each step.
        steps_per_beat: steps per quarter note.
        tempo: quarter notes per minute.
        metre: numerator and denominator of the time signature.

    Raises:
        ConfigError: if the tempo is out of the range of MIDI files.
        MissingExtraError: if mido is not installed.
    """
    require(TEMPOS[0] <= tempo <= TEMPOS[1], f"tempo={tempo}: must be between {TEMPOS[0]} and {TEMPOS[1]}")
    with extra("music", "writing MIDI files"):
        import mido

    step = -(-TICKS // steps_per_beat)
    file = mido.MidiFile(ticks_per_beat=step * steps_per_beat)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("text", text=GridMarker(steps_per_beat, len(piece)).text()))
    track.append(mido.MetaMessage("set_tempo", tempo=round(MICROSECONDS / tempo)))
    track.append(mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]))
    wait, sounding = 0, set[int]()
    for notes in [*piece, ()]:
        changes = [("note_off", n) for n in sorted(sounding - set(notes))]
        changes += [("note_on", n) for n in sorted(set(notes) - sounding)]
        for kind, note in changes:
            track.append(mido.Message(kind, note=note, velocity=64, time=wait))
            wait = 0
        sounding = set(notes)
        wait += step
    track.append(mido.MetaMessage("end_of_track", time=wait - step))
    return file
