"""Reading sequences with one label each, from a file, a folder or a public data set."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.catalogue.dataset import LABELLED, LabelledSet
from unrolled.data.catalogue.lookup import find_dataset, join_names
from unrolled.data.labelled.clean import Row, build_labelled, check_label
from unrolled.data.labelled.columns import USUAL, choice_of, find_columns
from unrolled.data.labelled.examples import Labelled
from unrolled.data.labelled.folders import read_folder, read_label_files
from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.lines import read_labels_first, read_texts_and_labels, split_two_files
from unrolled.data.labelled.sniff import is_table, with_bars
from unrolled.data.remote import fetch
from unrolled.data.tables import Table, read_table
from unrolled.errors import DataError


def read_labelled(source: str | Path, form: LabelledForm | None = None) -> Labelled:
    """Read sequences and their labels from one of these sources.

    * A table (CSV, TSV, JSON lines, a JSON array, or a text file with a tab in each line) with a text and a
      label column. In JSON the text may be a sequence of vectors: a list of numbers or of lists of numbers.
    * A file with a label at the start of each line: ``__label__NAME text``, ``NAME ||| text``, ``3 text``.
    * ``TEXTS,LABELS``: two files with the same number of lines.
    * A folder of files ``LABEL.txt`` with one text per line, or of folders ``LABEL`` with one text per file.
    * ``LABEL=FILE,LABEL=FILE``.
    * A data set such as ``@rt-polarity``.

    Args:
        source: the source.
        form: columns and format of the table; None detects everything.

    Raises:
        DataError: if the source cannot be read as one of these, with the file and line; or if it is
            ambiguous.
    """
    form, name = form or LabelledForm(), str(source)
    encoding = form.table.encoding
    if name.startswith("@"):
        return _read_data_set(name)
    path = Path(source)
    if os.path.isdir(path):
        rows, notes = read_folder(path, encoding)
        return build_labelled(rows, form.missing, name, notes)
    if not os.path.exists(path):
        if "=" in name:
            return build_labelled(read_label_files(name, encoding), form.missing, name)
        paths = split_two_files(name)
        if paths is None:
            raise DataError(f"{path}: no such file or folder")
        rows, note = read_texts_and_labels(paths, encoding)
        return build_labelled(rows, form.missing, name, [note])
    if is_table(path, form.table):
        return _read_table(path, form)
    labelled_lines = read_labels_first(path, encoding)
    if labelled_lines is None:
        raise DataError(
            f"{path}: is not a table with a text and a label column, and its lines do not start with a "
            "label; give one file per label as LABEL=FILE,LABEL=FILE, a file of texts and one of labels as "
            f"TEXTS,LABELS, or a data set: {join_names(LABELLED)}"
        )
    rows, note = labelled_lines
    return build_labelled(rows, form.missing, name, [note])


def labelled_table(
    table: Table, form: LabelledForm, check: Callable[[Any, str], Any] = check_label
) -> Labelled:
    """Return the text and label columns of a table.

    Args:
        table: the table.
        form: the columns, as far as they are known.
        check: function of a label and its position that returns the label, or raises DataError.

    Raises:
        DataError: see :func:`find_columns` and :func:`build_labelled`.
    """
    texts, label, notes = find_columns(table, form)
    rows = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        where = f"{table.path}: line {line}"
        rows.append(Row(where, join_cells(cells, texts), check(cells[label], where)))
    columns = choice_of(table, texts, label)
    return build_labelled(rows, form.missing, str(table.path), [*table.notes, *notes], columns)


def join_cells(cells: Sequence[Any], places: Sequence[int]) -> Any:
    """Return the cell of the text column, or the cells of several columns joined into one text."""
    if len(places) == 1:
        return cells[places[0]]
    return " ".join(str(cells[i]) for i in places if cells[i])


def _read_table(path: Path, form: LabelledForm) -> Labelled:
    table = read_table(path, with_bars(path, form.table), usual=USUAL, asked=form.user_columns)
    _refuse_duplicate_names(table, form)
    return labelled_table(table, form)


def _refuse_duplicate_names(table: Table, form: LabelledForm) -> None:
    """Raise DataError for a header with a duplicate name, unless the columns are given."""
    first = [str(cell).lower() for cell in (table.names if table.has_header else table.rows[0])]
    if form.user_columns or form.table.header == "no" or not set(first) & USUAL:
        return
    duplicate = next((name for name in first if name and first.count(name) > 1), None)
    if duplicate is not None:
        raise DataError(
            f"{table.path}: two columns are named {duplicate!r}; rename one, or give columns by number: "
            "--header yes --text-column 1"
        )


def _read_data_set(source: str) -> Labelled:
    entry, part = find_dataset(source, LABELLED)
    assert isinstance(entry, LabelledSet)
    items: list[str] = []
    labels: list[str] = []
    for file in entry.parts[part]:
        texts, names = entry.read(fetch(entry.name, file))
        items += texts
        labels += names
    return Labelled(items, labels)
