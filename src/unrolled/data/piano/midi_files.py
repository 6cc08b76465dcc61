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

ENDINGS = tuple(ending + packed for ending in (".mid", ".midi", ".kar", ".rmi") for packed in ("", ".gz"))


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
    placed = {part: list(_placed(found, steps_per_beat, tally)) for part, found in read.items()}
    parts = {part: [piece for _, piece in pieces] for part, pieces in placed.items() if pieces}
    if "train" not in parts:
        raise DataError(tally.nothing_left())
    tempos = [performance.tempo for performance in performances]
    metres = Counter(performance.metre for performance in performances)
    tally.tempos(tempos)
    works = tuple(name for name, _ in placed["train"])
    metre = metres.most_common(1)[0][0]
    return Collection(parts, works, steps_per_beat, median(tempos), metre, tuple(tally.notes()))


def work_name(path: Path) -> str:
    """Return the name of a file without its folder and its ending, in small letters."""
    name = path.name.lower()
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)


def _readable(paths: list[Path], form: FileForm, tally: Tally) -> Iterator[tuple[Path, Performance]]:
    for path in paths:
        try:
            pieces = read_performances(path, sustain=form.sustain)
        except DataError as error:
            tally.left_out(error)
            continue
        tally.read(path, pieces)
        yield from ((path, piece) for piece in pieces)


def _placed(
    found: list[tuple[Path, Performance]], steps_per_beat: int, tally: Tally
) -> Iterator[tuple[str, Piece]]:
    """Yield each piece that can be used with the name of its work; the tracks of MIDI type 2 are works."""
    several = Counter(path for path, _ in found)
    for number, (path, performance) in enumerate(found):
        steps = place(path, performance, steps_per_beat)
        piece = [tuple(filter(on_piano, step)) for step in steps.piece]
        outside = sum(not on_piano(note.note) for note in performance.notes)
        tally.placed(steps, outside)
        if outside == len(performance.notes):
            tally.left_out(DataError(f"{path}: holds no note that a piano has"))
        elif len(piece) < 2:
            tally.left_out(DataError(f"{path}: has one step, and the next is predicted from those before it"))
        else:
            name = work_name(path)
            yield (f"{name} {number}" if several[path] > 1 else name), piece
