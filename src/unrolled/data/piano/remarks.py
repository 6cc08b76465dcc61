"""What was chosen, settled or left out when MIDI files were read, as notes for the user."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from unrolled.data.midi.grid import KEPT, Steps
from unrolled.data.midi.notes import Performance
from unrolled.data.piano.rolls import KEYS, LOWEST
from unrolled.errors import DataError
from unrolled.wording import counted

SHOWN_FILES = 3
"""Files that were left out and are named with the reason."""


class Tally:
    """Counts over the files of a collection."""

    def __init__(self, *, sustain: bool) -> None:
        self._sustain = sustain
        self._events, self._files = Counter[str](), Counter[str]()
        self._left_out: list[str] = []
        self._cut: list[str] = []
        self._pieces = 0
        self._steps_note = ""
        self._tempo_note = ""

    def read(self, path: Path, pieces: Sequence[Performance]) -> None:
        """Count what was settled in a file."""
        for piece in pieces:
            self._pieces += 1
            self._events.update(piece.counts)
            self._files.update(dict.fromkeys(piece.counts, 1))
            self._files["tempo changes"] += piece.counts.get("tempos", 0) > 1
            self._files["metre changes"] += piece.counts.get("metres", 0) > 1
        if any("cut" in piece.counts for piece in pieces):
            self._cut.append(path.name)

    def left_out(self, error: DataError) -> None:
        """Note a file that cannot be used."""
        self._left_out.append(str(error))

    def placed(self, steps: Steps, outside: int) -> None:
        """Count what the grid and the piano do to a piece."""
        self._events.update(notes=steps.notes, merged=steps.merged, outside=outside)

    def chosen(self, steps_per_beat: int, share: float) -> None:
        """Note a grid that was chosen by the files."""
        why = (
            f"the fewest that keep {KEPT:.0%} of notes and chords apart"
            if share >= KEPT
            else f"the most that are tried; they keep {share:.1%} of notes or chords apart"
        )
        self._steps_note = f"steps: {steps_per_beat} to a quarter note, {why} (--steps-per-beat)"

    def tempos(self, tempos: Sequence[float]) -> None:
        """Note the tempos of the pieces."""
        changes = self._files["tempo changes"]
        varying = f", with changes in {changes} of them" if changes else ""
        span = " to ".join(dict.fromkeys(f"{t:.0f}" for t in (min(tempos), max(tempos))))
        self._tempo_note = (
            f"tempo: {span} quarter notes a minute in {counted(self._pieces, 'piece')}{varying}; steps are "
            f"beats, so that it is not learnt; compose writes {median(tempos):.0f} (--tempo)"
        )

    def nothing_left(self) -> str:
        """Return the error of files none of which can be used."""
        first, *more = self._left_out
        return first + (f" (and {len(more)} more files that cannot be used)" if more else "")

    def notes(self) -> Iterator[str]:
        """Yield one line for each thing that the user may want to know."""
        events, files = self._events, self._files
        if self._steps_note:
            yield self._steps_note
        merged, notes = events["merged"], events["notes"]
        if merged:
            yield (
                f"{merged:,} of {notes:,} notes ({merged / notes:.1%}) are struck again with no step between "
                "and go on as one (more --steps-per-beat)"
            )
        if events["percussion"]:
            yield (
                f"{events['percussion']:,} notes of percussion (channel 10) in {self._in('percussion')} are "
                "left out: they are no pitches"
            )
        if events["outside"]:
            keys = f"MIDI {LOWEST} to {LOWEST + KEYS - 1}"
            yield f"{events['outside']:,} notes that no piano has are left out ({keys})"
        if events["pedal"] and not self._sustain:
            yield (
                f"sustain pedal in {self._in('pedal')}: notes end where their keys are let go "
                "(--sustain lets them sound on)"
            )
        if events["hanging"]:
            yield f"{events['hanging']:,} notes are never let go and sound to the end of their track"
        if events["smpte"]:
            yield f"time in seconds (SMPTE) in {self._in('smpte')}: half a second is a quarter note"
        yield self._tempo_note
        if files["metre changes"]:
            yield f"metre changes in {self._in('metre changes')}; steps do not tell it"
        if self._cut:
            yield f"{_listed(self._cut)}: cut off; the notes before the cut are read"
        if self._left_out:
            yield f"{counted(len(self._left_out), 'file')} left out: {_listed(self._left_out, '; ')}"

    def _in(self, what: str) -> str:
        return counted(self._files[what], "piece")


def _listed(items: Sequence[str], separator: str = ", ") -> str:
    more = f"{separator}and {len(items) - SHOWN_FILES:,} more" if len(items) > SHOWN_FILES else ""
    return separator.join(items[:SHOWN_FILES]) + more
