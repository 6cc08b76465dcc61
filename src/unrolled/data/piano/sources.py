"""Read pieces of music from files of note lists, MIDI files and folders of MIDI files."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from unrolled.data.catalogue.dataset import MUSIC
from unrolled.data.catalogue.lookup import locate
from unrolled.data.midi.events import is_midi
from unrolled.data.piano.collection import Collection
from unrolled.data.piano.midi_files import ENDINGS, MidiOptions, read_midi_files
from unrolled.data.piano.note_lists import ABC, ABC_ENDING, PARTS, check_length, check_notes, parse_note_lists
from unrolled.errors import DataError
from unrolled.reading import read_bytes
from unrolled.wording import counted

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
"""Part of a collection by the lower-case name of its folder."""


def open_pieces(source: str | Path, steps_per_beat: int = 0, *, sustain: bool = False) -> Collection:
    """Read a collection of pieces.

    A file is MIDI or JSON: a list of pieces, each a list of steps, each a list of MIDI notes; or such lists
    by part. In a folder, every MIDI file is a piece; subfolders train, valid and test are parts. All files
    may be compressed by gzip.

    Args:
        source: file, folder or data set.
        steps_per_beat: steps per quarter note, for MIDI files; 0 to choose them from the files.
        sustain: True to hold notes of MIDI files while the sustain pedal is down.

    Raises:
        DataError: if the source cannot be read, a piece is too short, or a note of a list is not on a piano.
    """
    path = locate(source, MUSIC)
    if os.path.isdir(path):
        return _read_folder(path, MidiOptions(steps_per_beat, sustain))
    raw = read_bytes(path)
    if is_midi(raw) or path.name.lower().endswith(ENDINGS):
        return read_midi_files({"train": [path]}, MidiOptions(steps_per_beat, sustain))
    parts = parse_note_lists(raw, path)
    for part, pieces in parts.items():
        for number, piece in enumerate(pieces):
            where = f"{source}: {part} piece {number + 1}"
            check_length(len(piece), where)
            check_notes(piece, where)
    return Collection(parts, steps_per_beat=steps_per_beat or 1)


def _read_folder(path: Path, options: MidiOptions) -> Collection:
    midi_files = sorted(p for p in path.rglob("*") if p.name.lower().endswith(ENDINGS) and p.is_file())
    visible = [p for p in midi_files if not any(name.startswith(".") for name in p.relative_to(path).parts)]
    if not visible:
        raise DataError(f"{path}: the folder holds no MIDI files ({MIDI_NAMES}){_describe_content(path)}")
    part_of = {p: PART_NAMES.get(p.relative_to(path).parts[0].lower(), "") for p in visible}
    if "" in part_of.values() or "train" not in part_of.values():
        return _read_together(path, visible, options)
    files = {part: [p for p in visible if part_of[p] == part] for part in PARTS}
    return read_midi_files({part: paths for part, paths in files.items() if paths}, options)


def _read_together(folder: Path, files: list[Path], options: MidiOptions) -> Collection:
    """Read all files of a folder and its subfolders as one part; note the number of files per folder."""
    collection = read_midi_files({"train": files}, options)
    folders = Counter(str(p.parent.relative_to(folder)) for p in files)
    if len(folders) == 1:
        return collection
    counts = [f"{'the folder itself' if name == '.' else name} {n:,}" for name, n in folders.items()]
    more = f", and {len(counts) - SHOWN_FOLDERS:,} more" if len(counts) > SHOWN_FOLDERS else ""
    note = f"files of {len(folders):,} folders are read: {', '.join(counts[:SHOWN_FOLDERS])}{more}"
    return replace(collection, notes=(note, *collection.notes))


def _describe_content(folder: Path) -> str:
    """Describe the most frequent kind of file in a folder without MIDI files."""
    endings = Counter(p.suffix.lower() for p in folder.rglob("*") if p.is_file())
    if not endings:
        return ": it is empty"
    ending, count = endings.most_common(1)[0]
    advice = {ABC_ENDING: ABC, ".json": "give the path of a single JSON file"}.get(ending)
    content = counted(count, f"{ending} file") if ending else f"{counted(count, 'file')} without an ending"
    return f": it holds {content}" + (f"; {advice}" if advice else "")
