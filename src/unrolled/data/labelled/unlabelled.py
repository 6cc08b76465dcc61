"""Sequences to predict, from a table or a text file, together with the other cells of each row."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.data.files import read_text
from unrolled.data.labelled.clean import check_item
from unrolled.data.labelled.columns import USUAL, find_texts
from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.lines import read_labels_first
from unrolled.data.labelled.read import join_cells, read_labelled
from unrolled.data.labelled.shapes import is_absent
from unrolled.data.labelled.sniff import is_table_of, with_bars
from unrolled.data.tables import read_table


@dataclass(frozen=True)
class Unlabelled:
    """Rows of a file, and the text or sequence of each row."""

    names: list[str]
    """Names of the columns."""
    rows: list[list[Any]]
    items: list[Any]
    """Text or vectors (T, F) of each row; None if the row has no text."""
    notes: tuple[str, ...]


def read_items(
    source: str | Path, form: LabelledForm | None = None, training_labels: Collection[str] = ()
) -> Unlabelled:
    """Read sequences without labels: the text column of a table, or the lines of a text file.

    A row without text is kept, so that the rows stay aligned with the file.

    Args:
        source: the file; or another source of :func:`read_labelled`, which is read with its labels.
        form: format of the training data.
        training_labels: labels of training; if all lines of a file start with one, the labels are removed
            from the texts.

    Raises:
        DataError: if the source cannot be read, with the file and line.
    """
    path, form = Path(source), form or LabelledForm()
    if not os.path.isfile(path):
        labelled = read_labelled(source, form)
        rows = [[label, item] for label, item in zip(labelled.labels, labelled.items, strict=True)]
        return Unlabelled(["label", "text"], rows, list(labelled.items), labelled.notes)
    if is_table_of(path, form):
        return _read_table(path, form)
    labelled_lines = read_labels_first(path, form.table.encoding)
    if labelled_lines is not None and all(row.label in training_labels for row in labelled_lines[0]):
        rows = [[row.label, row.item] for row in labelled_lines[0]]
        return Unlabelled(
            ["label", "text"], rows, [row.item for row in labelled_lines[0]], labelled_lines[1:]
        )
    lines = [line.strip() for line in read_text(path, form.table.encoding).rstrip("\n").split("\n")]
    notes = (f"{path.name}: each line is a text",)
    return Unlabelled(["text"], [[line] for line in lines], [line or None for line in lines], notes)


def _read_table(path: Path, form: LabelledForm) -> Unlabelled:
    table = read_table(path, with_bars(path, form.table), usual=USUAL, asked=form.text_columns)
    texts, notes = find_texts(table, form)
    items: list[Any] = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        item = join_cells(cells, texts)
        items.append(None if is_absent(item) else check_item(item, f"{table.path}: line {line}"))
    return Unlabelled(table.names, table.rows, items, (*table.notes, *notes))
