"""Read MIDI files as pieces on one grid of steps."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from unrolled.data.midi.grid import Piece, choose_steps
from unrolled.data.midi.notes import Performance
from unrolled.data.midi.read import quantise_file, read_performances
from unrolled.data.piano.collection import Collection
from unrolled.data.piano.reading_report import ReadingReport
from unrolled.data.piano.rolls import on_piano
from unrolled.errors import DataError

ENDINGS = tuple(ending + packed for ending in (".mid", ".midi", ".kar", ".rmi") for packed in ("", ".gz"))


class MidiOptions(NamedTuple):
    """Options for reading MIDI files."""

    steps_per_beat: int = 0
    """Steps per quarter note; 0 to choose them from the files."""
    sustain: bool = False
    """True to hold notes while the sustain pedal is down."""


def read_midi_files(files: dict[str, list[Path]], options: MidiOptions) -> Collection:
    """Read MIDI files by part; a file has one piece, or several if it is of MIDI type 2.

    Files that cannot be read are left out and named in the notes of the collection.

    Raises:
        DataError: if no file can be read.
    """
    report = ReadingReport(sustain=options.sustain)
    readable = {part: list(_iter_readable(paths, options, report)) for part, paths in files.items()}
    performances = [performance for pieces in readable.values() for _, performance in pieces]
    if not performances:
        raise DataError(report.error_message())
    if options.steps_per_beat:
        steps_per_beat = options.steps_per_beat
    else:
        steps_per_beat, fraction = choose_steps(performances)
        report.set_grid(steps_per_beat, fraction)
    named = {part: list(_iter_pieces(pieces, steps_per_beat, report)) for part, pieces in readable.items()}
    parts = {part: [piece for _, piece in pieces] for part, pieces in named.items() if pieces}
    if "train" not in parts:
        raise DataError(report.error_message())
    tempos = [performance.tempo for performance in performances]
    metres = Counter(performance.metre for performance in performances)
    report.set_tempos(tempos)
    works = tuple(name for name, _ in named["train"])
    metre = metres.most_common(1)[0][0]
    return Collection(parts, works, steps_per_beat, median(tempos), metre, tuple(report.notes()))


def work_name(path: Path) -> str:
    """Return the lower-case file name without folder and extension."""
    name = path.name.lower()
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)


def _iter_readable(
    paths: list[Path], options: MidiOptions, report: ReadingReport
) -> Iterator[tuple[Path, Performance]]:
    for path in paths:
        try:
            pieces = read_performances(path, sustain=options.sustain)
        except DataError as error:
            report.add_left_out(error)
            continue
        report.count_file(path, pieces)
        yield from ((path, piece) for piece in pieces)


def _iter_pieces(
    performances: list[tuple[Path, Performance]], steps_per_beat: int, report: ReadingReport
) -> Iterator[tuple[str, Piece]]:
    """Yield the name of the work and the piece of each usable performance.

    In files of MIDI type 2, each track is a work.
    """
    pieces_of_file = Counter(path for path, _ in performances)
    for number, (path, performance) in enumerate(performances):
        quantised = quantise_file(path, performance, steps_per_beat)
        piece = [tuple(filter(on_piano, step)) for step in quantised.piece]
        outside = sum(not on_piano(note.note) for note in performance.notes)
        report.count_piece(quantised, outside)
        if outside == len(performance.notes):
            report.add_left_out(DataError(f"{path}: holds no note that a piano has"))
        elif len(piece) < 2:
            report.add_left_out(
                DataError(
                    f"{path}: has one step; two are needed, since each is predicted from those before it"
                )
            )
        else:
            name = work_name(path)
            yield (f"{name} {number}" if pieces_of_file[path] > 1 else name), piece
