"""Rows of data as labelled sequences: missing ones counted, values checked."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from unrolled.data.labelled.examples import NO_COLUMNS, ColumnChoice, Labelled, Series
from unrolled.data.labelled.form import Missing
from unrolled.data.labelled.shapes import is_absent
from unrolled.errors import DataError
from unrolled.reading import MalformedError, convert
from unrolled.wording import counted

LEFT_OUT = "left out"


class Row(NamedTuple):
    """A row of data: where it was, what is to be read, and its label."""

    where: str
    item: Any
    label: Any


def labelled_rows(
    rows: Iterable[Row],
    missing: Missing,
    source: str,
    notes: Sequence[str] = (),
    columns: ColumnChoice = NO_COLUMNS,
) -> Labelled:
    """Return the rows that have both text and label.

    Args:
        rows: all of them.
        missing: what is done with others: left out and counted in a note, or an error.
        source: name of the data in errors.
        notes: of reading.
        columns: of the table.

    Raises:
        DataError: if a text has a wrong type, texts and numbers are mixed, no row is left, or one
            is missing and may not be.
    """
    items: list[Any] = []
    labels: list[Any] = []
    absent = {"text": 0, "label": 0}
    total = 0
    for row in rows:
        total += 1
        lacks = "text" if is_absent(row.item) else "label" if is_absent(row.label) else ""
        if not lacks:
            items.append(row.item if isinstance(row.item, np.ndarray) else check_item(row.item, row.where))
            labels.append(row.label.strip() if isinstance(row.label, str) else row.label)
        elif missing == "error":
            raise DataError(
                f"{row.where}: has no {lacks}; fill it in, or leave such rows out: --missing drop"
            )
        else:
            absent[lacks] += 1
    if not items:
        raise DataError(f"{source}: holds no row with a text and a label")
    if len({isinstance(item, str) for item in items}) > 1:
        raise DataError(f"{source}: holds text in some rows and numbers in others")
    dropped = [note_missing(count, total, f"no {what}") for what, count in absent.items() if count]
    labels, mixed = _one_kind(labels)
    return Labelled(items, labels, (*notes, *dropped, *mixed), columns)


def note_missing(count: int, total: int, lack: str) -> str:
    """Say how many rows are left out."""
    have, are = ("has", "is") if count == 1 else ("have", "are")
    return (
        f"{count:,} of {counted(total, 'row')} {have} {lack} and {are} {LEFT_OUT} (--missing error "
        "refuses them)"
    )


def check_item(item: Any, where: str) -> str | Series:
    """Return a text, or a list of numbers or of vectors as an array (T, F).

    Raises:
        DataError: if it is neither.
    """
    if isinstance(item, str):
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


def check_label(label: Any, where: str) -> Any:
    """Return a label from a file; what is missing stays.

    Raises:
        DataError: if it is neither text nor a whole number nor a truth value.
    """
    if is_absent(label) or isinstance(label, str):
        return label
    if isinstance(label, float) and label.is_integer():
        label = int(label)  # pandas writes whole numbers so where one of the column is missing
    if not isinstance(label, int) or not -(2**63) <= label < 2**63:
        raise DataError(f"{where}: the label is {label!r:.60}; it must be text or a whole number")
    return label


def _one_kind(labels: list[Any]) -> tuple[list[Any], list[str]]:
    """Return labels of one type: where text, numbers and truth values are mixed, all become text."""
    kinds = {type(label) for label in labels}
    if len(kinds) == 1:
        return labels, []
    names = " and ".join(sorted(kind.__name__ for kind in kinds))
    return [str(label) for label in labels], [f"labels are of several types ({names}): all are read as text"]
