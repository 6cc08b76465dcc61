"""Conversion of rows to labelled sequences, with checks and handling of missing values."""

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
    """A row of data: its position (for messages), its text or vectors, and its label."""

    where: str
    item: Any
    label: Any


def build_labelled(
    rows: Iterable[Row],
    missing: Missing,
    source: str,
    notes: Sequence[str] = (),
    columns: ColumnChoice = NO_COLUMNS,
) -> Labelled:
    """Return the rows that have both text and label.

    Args:
        rows: all rows.
        missing: "drop" leaves incomplete rows out and counts them in a note, "error" raises an error.
        source: name of the data, for error messages.
        notes: notes from reading the data.
        columns: columns of the table that were read.

    Raises:
        DataError: if a text has a wrong type, texts and numbers are mixed, no row is left, or a value is
            missing and ``missing`` is "error".
    """
    items: list[Any] = []
    labels: list[Any] = []
    absent_counts = {"text": 0, "label": 0}
    total = 0
    for row in rows:
        total += 1
        absent = "text" if is_absent(row.item) else "label" if is_absent(row.label) else ""
        if not absent:
            items.append(row.item if isinstance(row.item, np.ndarray) else check_item(row.item, row.where))
            labels.append(row.label.strip() if isinstance(row.label, str) else row.label)
        elif missing == "error":
            raise DataError(
                f"{row.where}: has no {absent}; fill it in, or leave such rows out: --missing drop"
            )
        else:
            absent_counts[absent] += 1
    if not items:
        raise DataError(f"{source}: holds no row with a text and a label")
    if len({isinstance(item, str) for item in items}) > 1:
        raise DataError(f"{source}: holds text in some rows and numbers in others")
    dropped = [note_missing(count, total, f"no {what}") for what, count in absent_counts.items() if count]
    labels, mixed = _unify_label_types(labels)
    return Labelled(items, labels, (*notes, *dropped, *mixed), columns)


def note_missing(count: int, total: int, lack: str) -> str:
    """Return a note that says how many rows are left out."""
    have, are = ("has", "is") if count == 1 else ("have", "are")
    return (
        f"{count:,} of {counted(total, 'row')} {have} {lack} and {are} {LEFT_OUT} (--missing error "
        "refuses them)"
    )


def check_item(item: Any, where: str) -> str | Series:
    """Return a text unchanged, and a list of numbers or vectors as an array (T, F).

    Raises:
        DataError: if the item is neither.
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
        raise DataError(
            f"{where}: is neither text nor a list of finite numbers, nor a list of vectors of one size"
        )
    return values


def check_label(label: Any, where: str) -> Any:
    """Return a label from a file; missing labels are returned unchanged.

    Raises:
        DataError: if it is not a text, a whole number or a boolean.
    """
    if is_absent(label) or isinstance(label, str):
        return label
    if isinstance(label, float) and label.is_integer():
        label = int(label)  # pandas stores integers as floats if a value of the column is missing
    if not isinstance(label, int) or not -(2**63) <= label < 2**63:
        raise DataError(f"{where}: the label is {label!r:.60}; it must be text or a whole number")
    return label


def _unify_label_types(labels: list[Any]) -> tuple[list[Any], list[str]]:
    """Return labels of one type, and notes: mixed texts, numbers and booleans all become text."""
    kinds = {type(label) for label in labels}
    if len(kinds) == 1:
        return labels, []
    names = " and ".join(sorted(kind.__name__ for kind in kinds))
    return [str(label) for label in labels], [f"labels are of several types ({names}): all are read as text"]
