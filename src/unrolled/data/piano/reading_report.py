"""Notes for the user on what was chosen, resolved or left out while MIDI files were read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from unrolled.data.midi.grid import MIN_DISTINCT, QuantisedPiece
from unrolled.data.midi.notes import Performance
from unrolled.data.piano.rolls import KEYS, LOWEST
from unrolled.errors import DataError
from unrolled.wording import counted

SHOWN_FILES = 3
"""Maximum number of left-out files that a note names."""


class ReadingReport:
    """Counts what happened to the files of a collection, and describes it in notes."""

    def __init__(self, *, sustain: bool) -> None:
        self._sustain = sustain
        self._events, self._files = Counter[str](), Counter[str]()
        self._left_out: list[str] = []
        self._cut: list[str] = []
        self._pieces = 0
        self._steps_note = ""
        self._tempo_note = ""

    def count_file(self, path: Path, pieces: Sequence[Performance]) -> None:
        """Count the events of a file that were left out or resolved."""
        for piece in pieces:
            self._pieces += 1
            self._events.update(piece.counts)
            self._files.update(dict.fromkeys(piece.counts, 1))
            self._files["tempo changes"] += piece.counts.get("tempos", 0) > 1
            self._files["metre changes"] += piece.counts.get("metres", 0) > 1
        if any("cut" in piece.counts for piece in pieces):
            self._cut.append(path.name)

    def add_left_out(self, error: DataError) -> None:
        """Add a file that cannot be used, with its error."""
        self._left_out.append(str(error))

    def count_piece(self, piece: QuantisedPiece, outside: int) -> None:
        """Count the notes of a piece, those merged by the grid and those outside the piano."""
        self._events.update(notes=piece.notes, merged=piece.merged, outside=outside)

    def set_grid(self, steps_per_beat: int, fraction: float) -> None:
        """Set the note on the grid that was chosen from the files."""
        reason = (
            f"the fewest that keep {MIN_DISTINCT:.0%} of notes and chords distinct"
            if fraction >= MIN_DISTINCT
            else f"the most that are tried; they keep {fraction:.1%} of notes or chords distinct"
        )
        self._steps_note = f"steps: {steps_per_beat} to a quarter note, {reason} (--steps-per-beat)"

    def set_tempos(self, tempos: Sequence[float]) -> None:
        """Set the note on the tempos of the pieces."""
        changes = self._files["tempo changes"]
        varying = f", with changes in {changes} of them" if changes else ""
        span = " to ".join(dict.fromkeys(f"{t:.0f}" for t in (min(tempos), max(tempos))))
        self._tempo_note = (
            f"tempo: {span} quarter notes a minute in {counted(self._pieces, 'piece')}{varying}; steps "
            f"follow the beat, so that the tempo is not learnt; compose writes {median(tempos):.0f} (--tempo)"
        )

    def error_message(self) -> str:
        """Return the error message if no file can be used."""
        first, *others = self._left_out
        return first + (f" (and {counted(len(others), 'more file')} that cannot be used)" if others else "")

    def notes(self) -> Iterator[str]:
        """Yield the notes, one line each."""
        events, files = self._events, self._files
        if self._steps_note:
            yield self._steps_note
        merged, notes = events["merged"], events["notes"]
        if merged:
            yield (
                f"{merged:,} of {counted(notes, 'note')} ({merged / notes:.1%}) repeated with no step "
                "between: merged with the note before (more --steps-per-beat)"
            )
        if events["percussion"]:
            yield (
                f"{counted(events['percussion'], 'percussion note')} (channel 10) in {self._in('percussion')}"
                " left out: their numbers are not pitches"
            )
        if events["outside"]:
            keys = f"MIDI {LOWEST} to {LOWEST + KEYS - 1}"
            yield f"{counted(events['outside'], 'note')} outside the range of a piano ({keys}) left out"
        if events["pedal"] and not self._sustain:
            yield (
                f"sustain pedal in {self._in('pedal')}: notes end when their keys are released "
                "(--sustain holds them)"
            )
        if events["hanging"]:
            yield f"{counted(events['hanging'], 'note')} never released: held to the end of the track"
        if events["smpte"]:
            yield f"time in seconds (SMPTE) in {self._in('smpte')}: half a second is a quarter note"
        yield self._tempo_note
        if files["metre changes"]:
            yield f"metre changes in {self._in('metre changes')}; steps do not represent the metre"
        if self._cut:
            yield f"{_join(self._cut)}: cut off; the notes before the cut are read"
        if self._left_out:
            yield f"{counted(len(self._left_out), 'file')} left out: {_join(self._left_out, '; ')}"

    def _in(self, event: str) -> str:
        return counted(self._files[event], "piece")


def _join(items: Sequence[str], separator: str = ", ") -> str:
    more = f"{separator}and {len(items) - SHOWN_FILES:,} more" if len(items) > SHOWN_FILES else ""
    return separator.join(items[:SHOWN_FILES]) + more
