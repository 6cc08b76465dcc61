"""MIDI files as pieces on one grid of steps."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from unrolled.data.midi.grid import Piece, choose_steps
from unrolled.data.midi.notes import Performance
from unrolled.data.midi.read import place, read_performances
from unrolled.data.piano.collection import Collection
from unrolled.data.piano.remarks import Tally
from unrolled.data.piano.rolls import on_piano
from unrolled.errors import DataError


class FileForm(NamedTuple):
    """How MIDI files are read."""

    steps_per_beat: int = 0
    """Steps of a quarter note; 0 chooses."""
    sustain: bool = False
    """Whether a note lasts as long as the sustain pedal is down."""


def read_midi_files(files: dict[str, list[Path]], form: FileForm) -> Collection:
    """Read files by part, each a piece or, of MIDI type 2, several.

    One of several files that cannot be read is left out, which the collection's notes say.

    Raises:
        DataError: if none can be read.
    """
    tally = Tally(sustain=form.sustain)
    read = {part: list(_readable(paths, form, tally)) for part, paths in files.items()}
    performances = [performance for found in read.values() for _, performance in found]
    if not performances:
        raise DataError(tally.nothing_left())
    if form.steps_per_beat:
        steps_per_beat = form.steps_per_beat
    else:
        steps_per_beat, share = choose_steps(performances)
        tally.chosen(steps_per_beat, share)
    parts = {part: list(_placed(found, steps_per_beat, tally)) for part, found in read.items()}
    parts = {part: pieces for part, pieces in parts.items() if pieces}
    if "train" not in parts:
        raise DataError(tally.nothing_left())
    tempos = [performance.tempo for performance in performances]
    metres = Counter(performance.metre for performance in performances)
    tally.tempos(tempos)
    return Collection(
        parts, steps_per_beat, median(tempos), metres.most_common(1)[0][0], tuple(tally.notes())
    )


def _readable(paths: list[Path], form: FileForm, tally: Tally) -> Iterator[tuple[Path, Performance]]:
    for path in paths:
        try:
            pieces = read_performances(path, sustain=form.sustain)
        except DataError as error:
            tally.left_out(error)
            continue
        tally.read(path, pieces)
        yield from ((path, piece) for piece in pieces)


def _placed(found: list[tuple[Path, Performance]], steps_per_beat: int, tally: Tally) -> Iterator[Piece]:
    for path, performance in found:
        steps = place(path, performance, steps_per_beat)
        piece = [tuple(filter(on_piano, step)) for step in steps.piece]
        outside = sum(not on_piano(note.note) for note in performance.notes)
        tally.placed(steps, outside)
        if outside == len(performance.notes):
            tally.left_out(DataError(f"{path}: holds no note that a piano has"))
        elif len(piece) < 2:
            tally.left_out(DataError(f"{path}: has one step, and the next is predicted from those before it"))
        else:
            yield piece
