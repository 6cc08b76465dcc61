"""Sequences and labels from memory: lists, arrays, and the frames and columns of pandas."""

import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data import Labelled
from unrolled.data.commas import split_paths
from unrolled.data.labelled import LEFT_OUT, LabelledForm, Row, Series, labelled_rows, labelled_table
from unrolled.data.labelled.columns import find_texts
from unrolled.data.labelled.read import joined
from unrolled.data.labelled.shapes import is_absent
from unrolled.data.tables import Table
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.classify.labels import distinct, plain_labels

with extra("classify", "a classifier"):
    from sklearn.base import BaseEstimator
    from sklearn.utils import assert_all_finite
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data

FRAME = Path("the table")
"""In messages, the name of a table that is no file."""


def from_memory(X: Any, y: Any, estimator: BaseEstimator, form: LabelledForm, *, fitting: bool) -> Labelled:
    """Return texts or sequences of vectors with their labels; a text or a label that is missing is left out.

    Args:
        X: see :func:`items_of`; or a table of pandas with a text and a label column, without ``y``.
        y: a label for each: text, whole numbers, booleans or dates.
        estimator: what is fitted or asked.
        form: the columns of a table, and what is done with what is missing.
        fitting: whether X settles the number of columns of a table.

    Raises:
        DataError: if something is missing and may not be, or the columns do not show.
        ValueError: if they do not fit together, with scikit-learn's words.
    """
    if y is None and is_frame(X) and not _is_numeric(X):
        return _checked(labelled_table(table_of(X), form, check=lambda label, _: label))
    if y is None:
        raise ConfigError("requires y to be passed, but the target y is None: give a label for each sequence")
    labels = plain_labels(column_or_1d(_as_list(y), warn=True, dtype=None))
    items = items_of(X, estimator, form, fitting=fitting, gaps=True)
    check_consistent_length(items, labels)
    rows = (Row(f"item {i}", item, label) for i, (item, label) in enumerate(zip(items, labels, strict=True)))
    return _checked(labelled_rows(rows, form.missing, "the data"))


def items_of(
    X: Any, estimator: BaseEstimator, form: LabelledForm, *, fitting: bool, gaps: bool = False
) -> list[Any]:
    """Return texts, or sequences of vectors (T, I).

    Args:
        X: texts; or arrays (T_i, I), of any lengths; or one array (N, T, I); or a table (N, T), whose rows
            are sequences of single values and which has the same number of columns at every call; or a table
            of pandas with a column of texts.
        estimator: what is fitted or asked.
        form: names the text column of a table.
        fitting: whether X settles the number of columns of a table.
        gaps: take None and NaN in place of a text, as None.

    Raises:
        ValueError: if it is none of these, or holds what is not finite.
    """
    if is_frame(X) and not _is_numeric(X):
        table = table_of(X)
        places, _ = find_texts(table, form)
        X = [joined(row, places) for row in table.rows]
    if _is_list_like(X):
        items = list(X)
        if any(isinstance(item, str) for item in items):
            return _texts(items, gaps=gaps)
        if any(isinstance(item, list | tuple) and any(isinstance(w, str) for w in item) for item in items):
            raise ConfigError("a text is one string: join the words of a list by spaces")
        if items and all(np.ndim(item) == 2 for item in items):
            return [np.asarray(check_array(item, dtype=np.float32)) for item in items]
    table = validate_data(estimator, X, reset=fitting, dtype=np.float32)
    found: list[Series] = list(np.asarray(table)[:, :, None])
    return found


def is_source(X: Any) -> bool:
    """Tell whether X names a file, a folder, several files or a data set.

    Raises:
        DataError: if it is a text that names nothing.
    """
    if isinstance(X, str) and not os.path.exists(X):
        names = [part.partition("=")[2] if "=" in part else part for part in split_paths(X)]
        if len(names) > 1 and all(os.path.exists(name.strip()) for name in names):
            return True
    return is_path(X)


def is_frame(X: Any) -> bool:
    """Tell whether X is a table of pandas, or one like it."""
    return hasattr(X, "columns") and hasattr(X, "iloc")


def table_of(frame: Any) -> Table:
    """Return a table of pandas with its columns by name."""
    columns = [plain_labels(frame.iloc[:, i]) for i in range(frame.shape[1])]
    rows = [
        [cell.strip() if isinstance(cell, str) else cell for cell in row]
        for row in zip(*columns, strict=True)
    ]
    if not rows:
        raise DataError("the table holds no rows")
    names = [str(name).strip() for name in frame.columns]
    return Table(FRAME, names, True, rows, list(range(len(rows))))


def _texts(items: list[Any], *, gaps: bool) -> list[Any]:
    for place, item in enumerate(items):
        if isinstance(item, str) or (gaps and is_absent(item)):
            continue
        if is_absent(item):
            raise DataError(
                f"item {place} is {item!r:.60}: there is no text to predict; give '' for an empty one"
            )
        raise ConfigError(f"item {place} is {item!r:.40}, not a text as others are")
    return [str(item) if isinstance(item, str) else None for item in items]


def _is_numeric(frame: Any) -> bool:
    """Tell whether all columns are numbers: rows are then sequences of single values."""
    return all(getattr(dtype, "kind", "O") in "biuf" for dtype in frame.dtypes)


def _as_list(y: Any) -> Any:
    """Return labels as an array of objects if they hold what is missing, or dates, which arrays change."""
    values = y.tolist() if hasattr(y, "tolist") and str(getattr(y, "dtype", "")) == "object" else y
    plain = str | int | float
    if isinstance(values, list | tuple) and not all(
        isinstance(v, plain) and not is_absent(v) for v in values
    ):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    return y


def _checked(labelled: Labelled) -> Labelled:
    """Return data whose labels are classes, and warn of rows that were left out."""
    labels = labelled.labels
    classes = distinct(labels)
    if any(isinstance(c, float) and not math.isfinite(c) for c in classes):
        assert_all_finite(np.array(labels), input_name="y")
    if isinstance(classes[0], str | int | float):
        check_classification_targets(np.array(labels))
    for note in labelled.notes:
        if LEFT_OUT in note:
            warnings.warn(note.replace("--missing error", "missing='error'"), stacklevel=4)
    return labelled


def _is_list_like(X: Any) -> bool:
    """Tell whether X is a list, or an array or column of things that are no numbers of a table."""
    if hasattr(X, "toarray") or hasattr(X, "columns"):
        return False
    axes = getattr(X, "ndim", None)
    return isinstance(X, list | tuple) if axes is None else axes in (1, 3)
