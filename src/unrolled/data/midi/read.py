"""Read MIDI files as pieces: sequences of steps with the notes that sound in each."""

from pathlib import Path

from unrolled.data.midi.events import read_events
from unrolled.data.midi.grid import Piece, QuantisedPiece, choose_steps, quantise
from unrolled.data.midi.notes import Performance, iter_performances
from unrolled.errors import DataError
from unrolled.reading import MalformedError, read_bytes


def read_midi(path: str | Path, steps_per_beat: int = 0, *, sustain: bool = False) -> Piece:
    """Return the notes of each step of a MIDI file.

    Each note begins in the nearest step and lasts at least one. Percussion is left out.

    Args:
        path: file with one piece.
        steps_per_beat: steps per quarter note; 0 chooses the coarsest grid that keeps the notes distinct
            (:func:`unrolled.data.midi.grid.choose_steps`).
        sustain: True to hold notes while the sustain pedal is down.

    Raises:
        DataError: if it is not a MIDI file, or has no notes, several pieces or too many steps.
    """
    pieces = read_performances(path, sustain=sustain)
    if len(pieces) > 1:
        raise DataError(f"{path}: has {len(pieces)} pieces (MIDI type 2); one is needed here")
    steps_per_beat = steps_per_beat or choose_steps(pieces)[0]
    return quantise_file(path, pieces[0], steps_per_beat).piece


def read_performances(
    path: str | Path, raw: bytes | None = None, *, sustain: bool = False
) -> list[Performance]:
    """Return the pieces of a MIDI file that have notes, before quantisation; see :func:`read_midi`.

    Args:
        path: the file.
        raw: content of the file, if it was read before.
        sustain: as in :func:`read_midi`.
    """
    try:
        pieces = list(
            iter_performances(read_events(read_bytes(path) if raw is None else raw), sustain=sustain)
        )
    except MalformedError as error:
        raise DataError(f"{path}: is {error}") from None
    if not any(piece.notes for piece in pieces):
        drums = any(piece.counts.get("percussion") for piece in pieces)
        exception = " but percussion (channel 10), whose numbers are not pitches" if drums else ""
        raise DataError(f"{path}: holds no notes{exception}")
    return [piece for piece in pieces if piece.notes]


def quantise_file(path: str | Path, performance: Performance, steps_per_beat: int) -> QuantisedPiece:
    """Quantise a piece of a file to a grid of steps.

    Raises:
        DataError: if it has too many steps.
    """
    try:
        return quantise(performance, steps_per_beat)
    except MalformedError as error:
        raise DataError(
            f"{path}: is {error}; use fewer steps per beat (--steps-per-beat), or cut the silence out"
        ) from None
