"""Sequences with one label each: tables, a file a label, a folder a label."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.catalogue.dataset import LABELLED, LabelledSet
from unrolled.data.catalogue.lookup import find, names_of
from unrolled.data.commas import split_paths
from unrolled.data.files import read_documents, read_text
from unrolled.data.remote import fetch
from unrolled.data.tables import ENDINGS, read_columns
from unrolled.errors import DataError
from unrolled.reading import MalformedError, convert
from unrolled.short_repr import short_repr

Series = NDArray[np.float32]
"""A sequence of vectors, (T, F)."""


@short_repr
@dataclass(frozen=True)
class Labelled:
    """Texts, or sequences of vectors, and the label of each."""

    items: list[str] | list[Series]
    labels: list[Any]

    def __post_init__(self) -> None:
        assert len(self.items) == len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> "Labelled":
        """Return some of the rows."""
        return Labelled([self.items[i] for i in rows], [self.labels[i] for i in rows])


def read_labelled(source: str | Path, text_column: str = "text", label_column: str = "label") -> Labelled:
    """Read sequences and their labels.

    Args:
        source: a ``.csv``, ``.tsv`` or ``.jsonl`` file with a text and a label column (in JSON lines the
            text may be a list of numbers or of lists of numbers: a sequence of vectors); a folder of
            ``LABEL.txt`` files with one text a line, or of folders ``LABEL`` with one text a file;
            ``LABEL=FILE,LABEL=FILE``; or a data set such as ``@rt-polarity``.
        text_column: name of the column with the text, or its number from 1 if there is no header.
        label_column: the same of the label.

    Raises:
        DataError: if it cannot be read as one of these, with the file and line.
    """
    name = str(source)
    if name.startswith("@"):
        return _read_set(name)
    path = Path(source)
    if os.path.isdir(path):
        return _read_folder(path)
    if "=" in name and not os.path.exists(path):
        return _read_pairs(name)
    if path.suffix.lower() in ENDINGS:
        return _read_table(path, text_column, label_column)
    if not os.path.exists(path):
        raise DataError(f"{path}: no such file or folder")
    raise DataError(
        f"{path}: is not a table ({', '.join(ENDINGS)}) nor a folder of LABEL.txt files; a file a label is "
        f"given as LABEL=FILE,LABEL=FILE; data sets are {names_of(LABELLED)}"
    )


def read_items(source: str | Path, text_column: str = "text") -> list[str] | list[Series]:
    """Read sequences without labels: a column of a table, or the lines of a text file.

    Raises:
        DataError: if it cannot be read, with the file and line.
    """
    path = Path(source)
    if path.suffix.lower() in ENDINGS:
        rows = read_columns(path, (text_column,))
        items: list[Any] = [_check_item(item, f"{path}: line {line}") for line, (item,) in rows]
        return items
    return _lines(path)


def _read_set(source: str) -> Labelled:
    entry, part = find(source, LABELLED)
    assert isinstance(entry, LabelledSet)
    items: list[str] = []
    labels: list[str] = []
    for file in entry.parts[part]:
        texts, names = entry.read(fetch(entry.name, file))
        items += texts
        labels += names
    return Labelled(items, labels)


def _read_table(path: Path, text_column: str, label_column: str) -> Labelled:
    items: list[Any] = []
    labels = []
    for line, (item, label) in read_columns(path, (text_column, label_column)):
        where = f"{path}: line {line}"
        if not isinstance(label, str | int) or label == "" or _is_huge(label):
            shown = f"{label!r:.60}"
            raise DataError(f"{where}: the label is {shown}; it must be text or a whole number")
        items.append(_check_item(item, where))
        labels.append(label)
    kinds = {isinstance(item, str) for item in items}
    if len(kinds) > 1:
        raise DataError(f"{path}: {text_column!r} holds text in some rows and numbers in others")
    return Labelled(items, labels)


def _is_huge(label: str | int) -> bool:
    return isinstance(label, int) and not -(2**63) <= label < 2**63


def _check_item(item: Any, where: str) -> str | Series:
    if isinstance(item, str):
        if not item.strip():
            raise DataError(f"{where}: the text is empty; remove the row")
        return item
    try:
        rows = convert(item, list[float | list[float]])
        with np.errstate(over="ignore"):
            values = np.asarray(rows, dtype=np.float32)
    except (MalformedError, ValueError):
        values = np.empty(0, dtype=np.float32)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise DataError(f"{where}: neither text nor a list of finite numbers or of vectors of one size")
    return values


def _read_folder(folder: Path) -> Labelled:
    try:
        inside = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    folders = [p for p in inside if p.is_dir()]
    files = [p for p in inside if p.suffix == ".txt"]
    if folders and files:
        raise DataError(f"{folder}: holds folders and .txt files; keep one of the two, each named by a label")
    if not folders and not files:
        raise DataError(f"{folder}: holds neither LABEL.txt files nor folders named by a label")
    items: list[str] = []
    labels: list[str] = []
    for path in folders or files:
        texts = [d.text for d in read_documents(path)] if folders else _lines(path)
        items += texts
        labels += [path.name if folders else path.stem] * len(texts)
    return Labelled(items, labels)


def _read_pairs(source: str) -> Labelled:
    items: list[str] = []
    labels: list[str] = []
    pairs = [pair.partition("=") for pair in split_paths(source)]
    for label, equals, name in pairs:
        if not (label and equals and name):
            raise DataError(f"{source}: {label + equals + name!r} is not LABEL=FILE")
    for label, _, name in pairs:
        texts = _lines(name)
        items += texts
        labels += [label] * len(texts)
    return Labelled(items, labels)


def _lines(path: str | Path) -> list[str]:
    """Return the lines of a file; blank ones are allowed at its end only."""
    lines = [line.strip() for line in read_text(path).rstrip().split("\n")]
    if not all(lines):
        raise DataError(f"{path}: line {lines.index('') + 1} is blank; take it out: each line is a text")
    return lines
