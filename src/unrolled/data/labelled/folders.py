"""Labelled texts in files and folders named by labels."""

from collections.abc import Iterable
from pathlib import Path

from unrolled.data.corpus_parts import PARTS, list_folder
from unrolled.data.files import Document, read_text
from unrolled.data.labelled.clean import Row
from unrolled.data.labelled.lines import read_texts_and_labels
from unrolled.data.labelled.parts import find_labelled_parts, find_text_and_label_files
from unrolled.data.path_lists import split_paths
from unrolled.errors import DataError

MAX_SHOWN_NAMES = 5
"""Maximum number of names that a note lists."""


def read_folder(folder: Path, encoding: str) -> tuple[list[Row], list[str]]:
    """Return the rows of a folder of labelled texts, and notes.

    The folder holds files ``LABEL.txt`` or ``NAME.LABEL``, folders ``LABEL``, or a file of texts and one of
    labels.

    Raises:
        DataError: if it holds none of these, or it is not clear which names are the labels.
    """
    folders, files = list_folder(folder)
    _refuse_splits(folder, [*folders, *files])
    texts, labels = find_text_and_label_files(files)
    if len(texts) == len(labels) == 1 and not folders:
        rows, note = read_texts_and_labels([str(texts[0]), str(labels[0])], encoding)
        return rows, [note]
    txt_files = [p for p in files if p.suffix == ".txt"]
    if folders and txt_files:
        raise DataError(
            f"{folder}: holds both folders and .txt files; keep only the folders or only the files, named by "
            "labels"
        )
    if folders:
        _refuse_ambiguous_depth(folder, folders)
        labelled_paths = [(path, path.name) for path in folders]
    elif txt_files:
        labelled_paths = [(path, path.stem) for path in txt_files]
    else:
        labelled_paths = [(path, path.suffix[1:]) for path in files]
        stems = {path.stem for path in files}
        if len(stems) != 1 or len(files) < 2 or not all(label for _, label in labelled_paths):
            raise DataError(
                f"{folder}: holds neither LABEL.txt files nor folders named by a label, but "
                f"{_list_names(p.name for p in files) or 'nothing'}; give a file: --data FILE"
            )
    rows = [row for path, label in labelled_paths for row in _read_rows(path, label, encoding)]
    notes = [
        f"labels are the names of {'folders' if folders else 'files'}: "
        f"{_list_names(label for _, label in labelled_paths)}"
    ]
    unread = [p.name for p in files if p not in dict(labelled_paths)]
    return rows, [*notes, f"left out, no label: {_list_names(unread)}"] if unread else notes


def read_label_files(source: str, encoding: str) -> list[Row]:
    """Return the rows of ``LABEL=FILE,LABEL=FILE``; if FILE is a folder, each of its files is one text.

    Raises:
        DataError: if an item is not LABEL=FILE, or a file cannot be read.
    """
    pairs = [pair.partition("=") for pair in split_paths(source)]
    for label, equals, name in pairs:
        if not (label and equals and name):
            raise DataError(f"{source}: {label + equals + name!r} is not LABEL=FILE")
    return [row for label, _, name in pairs for row in _read_rows(Path(name), label, encoding)]


def _read_rows(path: Path, label: str, encoding: str) -> list[Row]:
    """Return one row per line of a file, or per file of a folder; a blank line is a missing text."""
    if path.is_dir():
        return [Row(str(path.parent / d.name), d.text, label) for d in _read_documents(path, encoding)]
    lines = read_text(path, encoding).rstrip().split("\n")
    return [Row(f"{path}: line {n}", line.strip(), label) for n, line in enumerate(lines, 1)]


def _read_documents(folder: Path, encoding: str) -> list[Document]:
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    visible = [p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts)]
    if not visible:
        raise DataError(f"{folder}: the folder holds no files")
    return [Document(str(p.relative_to(folder.parent)), read_text(p, encoding)) for p in visible]


def _refuse_splits(folder: Path, inside: list[Path]) -> None:
    """Raise DataError if the folder holds training, validation and test parts instead of labels."""
    words = {word for names in PARTS.values() for word in names}
    parts = find_labelled_parts(folder)
    if parts is not None:
        raise DataError(_parts_message(folder, parts.train))
    if inside and all(path.name.split(".")[0].lower() in words for path in inside):
        raise DataError(_parts_message(folder, inside[0]))


def _parts_message(folder: Path, part: str | Path) -> str:
    return f"{folder}: is divided into training, validation and test data; give one of them: --data {part}"


def _refuse_ambiguous_depth(folder: Path, folders: list[Path]) -> None:
    """Raise DataError for nested folders if the labels could be the outer or the inner folders."""
    contents = {path: list_folder(path) for path in folders}
    if len({tuple(p.name for p in inner.folders) for inner in contents.values()}) == 1:
        return  # every folder has the same inner folders, so the labels are the outer names
    for path, inner in contents.items():
        if len(inner.folders) > 1 and not inner.files:
            outer_names = _list_names(p.name for p in folders)
            inner_names = _list_names(p.name for p in inner.folders)
            raise DataError(
                f"{folder}: labels may be the names of its folders ({outer_names}) or of "
                f"those in {path.name} ({inner_names}); give --data {path}, or "
                f"--data {','.join(f'{p.name}={p}' for p in folders[:2])}"
            )


def _list_names(names: Iterable[str]) -> str:
    items = list(names)
    return ", ".join(items[:MAX_SHOWN_NAMES]) + (" …" if len(items) > MAX_SHOWN_NAMES else "")
