"""Labelled texts as files and folders that are named by their labels."""

import re
from collections.abc import Iterable
from pathlib import Path

from unrolled.data.commas import split_paths
from unrolled.data.files import Document, read_text
from unrolled.data.labelled.clean import Row
from unrolled.errors import DataError

PARTS = frozenset({"train", "training", "test", "testing", "valid", "validation", "dev", "val"})
_TEXTS = re.compile(r"(?i)(.*[_.-])?(texts?|sentences?)")
_LABELS = re.compile(r"(?i)(.*[_.-])?labels?")
_ABOUT = re.compile(
    r"(?i)(readme|licen[cs]e|source|copying|notice|about|sha256sums?|md5sums?)(\.\w+)?|.*\.(md|rst|html?|pdf)"
)


def read_folder(folder: Path, encoding: str) -> tuple[list[Row], list[str]]:
    """Return the rows of a folder of ``LABEL.txt``, of ``NAME.LABEL``, or of folders ``LABEL``, and notes.

    Raises:
        DataError: if it holds none of these, or what has another meaning.
    """
    try:
        inside = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    folders = [p for p in inside if p.is_dir()]
    others = [p for p in inside if not p.is_dir() and not _ABOUT.fullmatch(p.name)]
    files = [p for p in others if p.suffix == ".txt"]
    _refuse_other_meanings(folder, folders, files)
    if folders:
        rows = [
            Row(str(folder / d.name), d.text, path.name)
            for path in folders
            for d in _documents(path, encoding)
        ]
        return rows, [_note(path.name for path in folders)]
    if files:
        named = [(path, path.stem) for path in files]
    else:
        named = [(path, path.suffix[1:]) for path in others]
        stems = {path.stem for path in others}
        if len(stems) != 1 or len(others) < 2 or not all(label for _, label in named):
            raise DataError(f"{folder}: holds neither LABEL.txt files nor folders named by a label")
    rows = [row for path, label in named for row in _file_rows(path, label, encoding)]
    return rows, [_note(label for _, label in named)]


def read_pairs(source: str, encoding: str) -> list[Row]:
    """Return the rows of ``LABEL=FILE,LABEL=FILE``.

    Raises:
        DataError: if a part is not of this form, or a file cannot be read.
    """
    pairs = [pair.partition("=") for pair in split_paths(source)]
    for label, equals, name in pairs:
        if not (label and equals and name):
            raise DataError(f"{source}: {label + equals + name!r} is not LABEL=FILE")
    return [row for label, _, name in pairs for row in _file_rows(Path(name), label, encoding)]


def _file_rows(path: Path, label: str, encoding: str) -> list[Row]:
    """Return a row for each line; a blank one is a missing text, except at the end."""
    lines = read_text(path, encoding).rstrip().split("\n")
    return [Row(f"{path}: line {n}", line.strip(), label) for n, line in enumerate(lines, 1)]


def _documents(folder: Path, encoding: str) -> list[Document]:
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    names = [p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts)]
    if not names:
        raise DataError(f"{folder}: the folder holds no files")
    return [Document(str(p.relative_to(folder.parent)), read_text(p, encoding)) for p in names]


def _refuse_other_meanings(folder: Path, folders: list[Path], files: list[Path]) -> None:
    if folders and files:
        raise DataError(f"{folder}: holds folders and .txt files; keep one of the two, each named by a label")
    if folders and all(path.name.lower() in PARTS for path in folders):
        first = folders[0].name
        raise DataError(
            f"{folder}: its folders are parts ({', '.join(p.name for p in folders)}), not labels; give them "
            f"one by one: --data {folder / first} --valid … --test …"
        )
    texts = [p for p in files if _TEXTS.fullmatch(p.stem)]
    labels = [p for p in files if _LABELS.fullmatch(p.stem)]
    if texts and labels:
        raise DataError(
            f"{folder}: holds files of texts and files of labels; give two of them: --data "
            f"{texts[0]},{labels[0]}"
        )
    if files and all(path.stem.lower() in PARTS for path in files):
        raise DataError(f"{folder}: its files are parts, not labels; give one of them: --data {files[0]}")


def _note(labels: Iterable[str]) -> str:
    names = list(labels)
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return f"labels are the names of files: {shown}"
