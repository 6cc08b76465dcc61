"""Where pieces of music come from: files of note lists, MIDI files, and folders of MIDI files."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from unrolled.data.catalogue.dataset import MUSIC
from unrolled.data.catalogue.lookup import locate
from unrolled.data.midi.events import is_midi
from unrolled.data.piano.collection import Collection
from unrolled.data.piano.midi_files import ENDINGS, FileForm, read_midi_files
from unrolled.data.piano.note_lists import ABC, ABC_ENDING, PARTS, check_length, check_notes, parse_note_lists
from unrolled.errors import DataError
from unrolled.reading import read_bytes

MIDI_NAMES = ".mid, .midi, .kar, .rmi"
SHOWN_FOLDERS = 5
PART_NAMES = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
}
"""Folders that hold a part of a collection, in small letters."""


def open_pieces(source: str | Path, steps_per_beat: int = 0, *, sustain: bool = False) -> Collection:
    """Read a collection of pieces.

    A file is MIDI, or JSON: a list of pieces, each a list of steps, each a list of MIDI notes; or such lists
    by part. A folder holds MIDI files, each a piece, by name; folders train, valid and test in it are parts.
    All may be packed by gzip.

    Args:
        source: file, folder or data set.
        steps_per_beat: steps of a quarter note, for MIDI files; 0 chooses.
        sustain: whether a note of a MIDI file lasts as long as the sustain pedal is down.

    Raises:
        DataError: if it cannot be read, a piece is too short, or a note of a list is not on a piano.
    """
    path = locate(source, MUSIC)
    if os.path.isdir(path):
        return _read_folder(path, FileForm(steps_per_beat, sustain))
    raw = read_bytes(path)
    if is_midi(raw) or path.name.lower().endswith(ENDINGS):
        return read_midi_files({"train": [path]}, FileForm(steps_per_beat, sustain))
    parts = parse_note_lists(raw, path)
    for part, pieces in parts.items():
        for number, piece in enumerate(pieces):
            where = f"{source}: {part} piece {number + 1}"
            check_length(len(piece), where)
            check_notes(piece, where)
    return Collection(parts, steps_per_beat=steps_per_beat or 1)


def _read_folder(path: Path, form: FileForm) -> Collection:
    found = sorted(p for p in path.rglob("*") if p.name.lower().endswith(ENDINGS) and p.is_file())
    visible = [p for p in found if not any(name.startswith(".") for name in p.relative_to(path).parts)]
    if not visible:
        raise DataError(f"{path}: the folder holds no MIDI files ({MIDI_NAMES}){_held(path)}")
    part_of = {p: PART_NAMES.get(p.relative_to(path).parts[0].lower(), "") for p in visible}
    if "" in part_of.values() or "train" not in part_of.values():
        return _read_together(path, visible, form)
    files = {part: [p for p in visible if part_of[p] == part] for part in PARTS}
    return read_midi_files({part: paths for part, paths in files.items() if paths}, form)


def _read_together(folder: Path, files: list[Path], form: FileForm) -> Collection:
    """Read the files of a folder and of those in it; say how many each of several folders holds."""
    read = read_midi_files({"train": files}, form)
    below = Counter(str(p.parent.relative_to(folder)) for p in files)
    if len(below) == 1:
        return read
    counts = [f"{'the folder itself' if name == '.' else name} {n:,}" for name, n in below.items()]
    more = f", and {len(counts) - SHOWN_FOLDERS:,} more" if len(counts) > SHOWN_FOLDERS else ""
    note = f"files of {len(below):,} folders are read: {', '.join(counts[:SHOWN_FOLDERS])}{more}"
    return replace(read, notes=(note, *read.notes))


def _held(folder: Path) -> str:
    """Say which files a folder holds instead of MIDI files."""
    kinds = Counter(p.suffix.lower() or "no ending" for p in folder.rglob("*") if p.is_file())
    if not kinds:
        return ": it is empty"
    kind, count = kinds.most_common(1)[0]
    advice = ABC if kind == ABC_ENDING else "give one JSON file by its own path" if kind == ".json" else ""
    return f": it holds {count:,} of {kind}" + (f"; {advice}" if advice else "")
