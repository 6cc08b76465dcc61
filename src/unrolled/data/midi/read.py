"""MIDI files as pieces: sequences of steps, and the keys that sound in each."""

from pathlib import Path

from unrolled.data.midi.events import read_events
from unrolled.data.midi.grid import Piece, Steps, choose_steps, steps_of
from unrolled.data.midi.notes import Performance, performances
from unrolled.errors import DataError
from unrolled.reading import MalformedError, read_bytes


def read_midi(path: str | Path, steps_per_beat: int = 0, *, sustain: bool = False) -> Piece:
    """Return the notes of each step of a MIDI file.

    Each note begins in the step that is nearest and takes at least one. Percussion is left out.

    Args:
        path: the file, with one piece.
        steps_per_beat: steps of a quarter note; 0 takes the fewest that keep the notes apart
            (:func:`unrolled.data.midi.grid.choose_steps`).
        sustain: whether a note lasts as long as the sustain pedal is down.

    Raises:
        DataError: if it is no MIDI file, has no notes, several pieces, or too many steps.
    """
    pieces = read_performances(path, sustain=sustain)
    if len(pieces) > 1:
        raise DataError(f"{path}: holds {len(pieces)} pieces (MIDI type 2); one is needed here")
    steps_per_beat = steps_per_beat or choose_steps(pieces)[0]
    return place(path, pieces[0], steps_per_beat).piece


def read_performances(
    path: str | Path, raw: bytes | None = None, *, sustain: bool = False
) -> list[Performance]:
    """Return the pieces of a MIDI file in time, each with notes; see :func:`read_midi`.

    Args:
        path: the file.
        raw: its bytes, if they are read already.
        sustain: as in :func:`read_midi`.
    """
    try:
        pieces = list(performances(read_events(read_bytes(path) if raw is None else raw), sustain=sustain))
    except MalformedError as error:
        raise DataError(f"{path}: is {error}") from None
    if not any(piece.notes for piece in pieces):
        drums = any(piece.counts.get("percussion") for piece in pieces)
        alone = " but percussion (channel 10), whose numbers are no pitches" if drums else ""
        raise DataError(f"{path}: holds no notes{alone}")
    return [piece for piece in pieces if piece.notes]


def place(path: str | Path, performance: Performance, steps_per_beat: int) -> Steps:
    """Return a piece of a file on a grid of steps.

    Raises:
        DataError: if there are too many.
    """
    try:
        return steps_of(performance, steps_per_beat)
    except MalformedError as error:
        raise DataError(f"{path}: is {error}; take fewer steps a beat, or cut the silence out") from None
