"""Sequences to predict: the texts of a table or of a file of lines, with the rest of each row."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.data.files import read_text
from unrolled.data.labelled.clean import check_item
from unrolled.data.labelled.columns import USUAL, find_texts
from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.lines import labels_first
from unrolled.data.labelled.read import joined, read_labelled
from unrolled.data.labelled.shapes import is_absent
from unrolled.data.labelled.sniff import is_table_of, with_bars
from unrolled.data.tables import read_table


@dataclass(frozen=True)
class Unlabelled:
    """Rows of a file, and the text or sequence of each."""

    names: list[str]
    """Of the columns of the file."""
    rows: list[list[Any]]
    items: list[Any]
    """Text or vectors (T, F) of each row; None if it has none."""
    notes: tuple[str, ...]


def read_items(
    source: str | Path, form: LabelledForm | None = None, known: Collection[str] = ()
) -> Unlabelled:
    """Read sequences without labels: the text column of a table, or the lines of a text file.

    A row without text is kept, so that rows stay where they are.

    Args:
        source: the file; or another source of :func:`read_labelled`, read with its labels.
        form: of the data of training.
        known: labels of training; a file whose lines begin with them is read without them.

    Raises:
        DataError: if it cannot be read, with the file and line.
    """
    path, form = Path(source), form or LabelledForm()
    if not os.path.isfile(path):
        read = read_labelled(source, form)
        rows = [[label, item] for label, item in zip(read.labels, read.items, strict=True)]
        return Unlabelled(["label", "text"], rows, list(read.items), read.notes)
    if is_table_of(path, form):
        return _of_table(path, form)
    first = labels_first(path, form.table.encoding)
    if first is not None and all(row.label in known for row in first[0]):
        rows = [[row.label, row.item] for row in first[0]]
        return Unlabelled(["label", "text"], rows, [row.item for row in first[0]], (first[1],))
    lines = [line.strip() for line in read_text(path, form.table.encoding).rstrip("\n").split("\n")]
    notes = (f"{path.name}: each line is a text",)
    return Unlabelled(["text"], [[line] for line in lines], [line or None for line in lines], notes)


def _of_table(path: Path, form: LabelledForm) -> Unlabelled:
    table = read_table(path, with_bars(path, form.table), usual=USUAL, asked=form.text_columns)
    texts, notes = find_texts(table, form)
    items: list[Any] = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        item = joined(cells, texts)
        items.append(None if is_absent(item) else check_item(item, f"{table.path}: line {line}"))
    return Unlabelled(table.names, table.rows, items, (*table.notes, *notes))
