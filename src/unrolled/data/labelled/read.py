"""Sequences with one label each, from a file, a folder or a public data set."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.catalogue.dataset import LABELLED, LabelledSet
from unrolled.data.catalogue.lookup import find, names_of
from unrolled.data.labelled.clean import Row, check_label, labelled_rows
from unrolled.data.labelled.columns import USUAL, choice_of, find_columns
from unrolled.data.labelled.examples import Labelled
from unrolled.data.labelled.folders import read_folder, read_pairs
from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.lines import labels_first, texts_and_labels, two_files
from unrolled.data.labelled.sniff import is_table, with_bars
from unrolled.data.remote import fetch
from unrolled.data.tables import Table, read_table
from unrolled.errors import DataError


def read_labelled(source: str | Path, form: LabelledForm | None = None) -> Labelled:
    """Read sequences and their labels.

    Args:
        source: a table (CSV, TSV, JSON lines, a JSON array, or a text file with a tab in each line) with a
            text and a label column, where in JSON the text may be a list of numbers or of lists of numbers: a
            sequence of vectors; a file with a label at the beginning of each line: ``__label__NAME text``,
            ``NAME ||| text``, ``3 text``; ``TEXTS,LABELS``, two files of as many lines; a folder of
            ``LABEL.txt`` files with one text a line, or of folders ``LABEL`` with one text a file;
            ``LABEL=FILE,LABEL=FILE``; or a data set such as ``@rt-polarity``.
        form: the columns, and how the table is written, where that is not to be found out.

    Raises:
        DataError: if it cannot be read as one of these, with the file and line; or has two meanings.
    """
    form, name = form or LabelledForm(), str(source)
    encoding = form.table.encoding
    if name.startswith("@"):
        return _read_set(name)
    path = Path(source)
    if os.path.isdir(path):
        rows, notes = read_folder(path, encoding)
        return labelled_rows(rows, form.missing, name, notes)
    if not os.path.exists(path):
        if "=" in name:
            return labelled_rows(read_pairs(name, encoding), form.missing, name)
        both = two_files(name)
        if both is None:
            raise DataError(f"{path}: no such file or folder")
        rows, note = texts_and_labels(both, encoding)
        return labelled_rows(rows, form.missing, name, [note])
    if is_table(path, form.table):
        return _read_table(path, form)
    first = labels_first(path, encoding)
    if first is None:
        raise DataError(
            f"{path}: is not a table with a text and a label column, nor has it a label at the beginning of "
            "each line; a file a label is given as LABEL=FILE,LABEL=FILE, a file of texts and one of labels "
            f"as TEXTS,LABELS; data sets are {names_of(LABELLED)}"
        )
    return labelled_rows(first[0], form.missing, name, [first[1]])


def labelled_table(
    table: Table, form: LabelledForm, check: Callable[[Any, str], Any] = check_label
) -> Labelled:
    """Return the text and label columns of a table.

    Args:
        table: with both.
        form: the columns, where they are known.
        check: takes a label and where it is; returns it, or raises DataError.

    Raises:
        DataError: see :func:`find_columns` and :func:`labelled_rows`.
    """
    texts, label, notes = find_columns(table, form)
    rows = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        where = f"{table.path}: line {line}"
        rows.append(Row(where, joined(cells, texts), check(cells[label], where)))
    columns = choice_of(table, texts, label)
    return labelled_rows(rows, form.missing, str(table.path), [*table.notes, *notes], columns)


def joined(cells: Sequence[Any], places: Sequence[int]) -> Any:
    """Return the cell of the text column, or those of several as one text."""
    if len(places) == 1:
        return cells[places[0]]
    return " ".join(str(cells[i]) for i in places if cells[i])


def _read_table(path: Path, form: LabelledForm) -> Labelled:
    table = read_table(path, with_bars(path, form.table), usual=USUAL, asked=form.asked)
    _refuse_twice(table, form)
    return labelled_table(table, form)


def _refuse_twice(table: Table, form: LabelledForm) -> None:
    """Refuse a first line with a usual name and one name twice, unless the columns are given."""
    first = [str(cell).lower() for cell in (table.names if table.has_header else table.rows[0])]
    if form.asked or form.table.header == "no" or not set(first) & USUAL:
        return
    twice = next((name for name in first if name and first.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"{table.path}: two columns are named {twice!r}; rename one, or give columns by their numbers: "
            "--header yes --text-column 1"
        )


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
