"""Sequences and labels from memory: lists, arrays, and pandas DataFrames and Series."""

import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data import Labelled
from unrolled.data.labelled import LEFT_OUT, LabelledForm, Row, Series, build_labelled, labelled_table
from unrolled.data.labelled.columns import find_texts
from unrolled.data.labelled.read import join_cells
from unrolled.data.labelled.shapes import is_absent
from unrolled.data.path_lists import split_paths
from unrolled.data.tables import Table
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.classify.labels import to_python_labels, unique_labels

with extra("classify", "a classifier"):
    from sklearn.base import BaseEstimator
    from sklearn.utils import assert_all_finite
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data

FRAME = Path("the table")
"""Name of a pandas DataFrame in messages."""


def convert_labelled(
    X: Any, y: Any, estimator: BaseEstimator, form: LabelledForm, *, fitting: bool
) -> Labelled:
    """Convert sequences and their labels; examples with a missing text or label are dropped.

    Args:
        X: see :func:`convert_items`; or a pandas DataFrame with a text and a label column, without ``y``.
        y: a label for each item: text, whole numbers, booleans or dates.
        estimator: the classifier, for the checks of scikit-learn.
        form: the columns of a table, and whether missing cells are dropped or an error.
        fitting: whether X sets the number of columns that later calls must have.

    Raises:
        DataError: if a text or label is missing and ``missing="error"``, or the columns cannot be inferred.
        ValueError: if X and y do not match, with the message of scikit-learn.
    """
    if y is None and is_frame(X) and not _is_numeric(X):
        return _check_labels(labelled_table(frame_to_table(X), form, check=lambda label, _: label))
    if y is None:
        raise ConfigError("requires y to be passed, but the target y is None: give a label for each sequence")
    labels = to_python_labels(column_or_1d(_as_object_array(y), warn=True, dtype=None))
    items = convert_items(X, estimator, form, fitting=fitting, allow_missing=True)
    check_consistent_length(items, labels)
    rows = (Row(f"item {i}", item, label) for i, (item, label) in enumerate(zip(items, labels, strict=True)))
    return _check_labels(build_labelled(rows, form.missing, "the data"))


def convert_items(
    X: Any, estimator: BaseEstimator, form: LabelledForm, *, fitting: bool, allow_missing: bool = False
) -> list[Any]:
    """Return a list of texts, or of sequences of vectors (T, I).

    Args:
        X: texts; or arrays (T_i, I) of any lengths; or one array (N, T, I); or a table (N, T), whose rows are
            sequences of single values and whose number of columns is the same in every call; or a pandas
            DataFrame with a column of texts.
        estimator: the classifier, for the checks of scikit-learn.
        form: names the text column of a table.
        fitting: whether X sets the number of columns that later calls must have.
        allow_missing: accept None and NaN instead of a text, and return None for them.

    Raises:
        ValueError: if X has none of these forms, or contains values that are not finite.
    """
    if is_frame(X) and not _is_numeric(X):
        table = frame_to_table(X)
        text_columns, _ = find_texts(table, form)
        X = [join_cells(row, text_columns) for row in table.rows]
    if _is_list_like(X):
        items = list(X)
        if any(isinstance(item, str) for item in items):
            return _check_texts(items, allow_missing=allow_missing)
        if any(isinstance(item, list | tuple) and any(isinstance(w, str) for w in item) for item in items):
            raise ConfigError("a text is one string: join the words of a list by spaces")
        if items and all(np.ndim(item) == 2 for item in items):
            return [np.asarray(check_array(item, dtype=np.float32)) for item in items]
    table = validate_data(estimator, X, reset=fitting, dtype=np.float32)
    sequences: list[Series] = list(np.asarray(table)[:, :, None])
    return sequences


def is_source(X: Any) -> bool:
    """Return whether X names a file, a folder, several files or a data set.

    Raises:
        DataError: if X is a text that is not the name of any of these.
    """
    if isinstance(X, str) and not os.path.exists(X):
        names = [part.partition("=")[2] if "=" in part else part for part in split_paths(X)]
        if len(names) > 1 and all(os.path.exists(name.strip()) for name in names):
            return True
    return is_path(X)


def is_frame(X: Any) -> bool:
    """Return whether X is a pandas DataFrame, or an object with the same interface."""
    return hasattr(X, "columns") and hasattr(X, "iloc")


def frame_to_table(frame: Any) -> Table:
    """Convert a pandas DataFrame into a table with its column names."""
    columns = [to_python_labels(frame.iloc[:, i]) for i in range(frame.shape[1])]
    rows = [
        [cell.strip() if isinstance(cell, str) else cell for cell in row]
        for row in zip(*columns, strict=True)
    ]
    if not rows:
        raise DataError("the table has no rows")
    names = [str(name).strip() for name in frame.columns]
    return Table(FRAME, names, True, rows, list(range(len(rows))))


def _check_texts(items: list[Any], *, allow_missing: bool) -> list[Any]:
    """Return texts as plain strings, None for missing ones."""
    for index, item in enumerate(items):
        if isinstance(item, str) or (allow_missing and is_absent(item)):
            continue
        if is_absent(item):
            raise DataError(
                f"item {index} is {item!r:.60}: there is no text to predict; give '' for an empty text"
            )
        raise ConfigError(f"item {index} is {item!r:.40}, not a text like other items")
    return [str(item) if isinstance(item, str) else None for item in items]


def _is_numeric(frame: Any) -> bool:
    """Return whether all columns are numeric: rows are then sequences of single values."""
    return all(getattr(dtype, "kind", "O") in "biuf" for dtype in frame.dtypes)


def _as_object_array(y: Any) -> Any:
    """Return labels with missing values or dates as an object array, because NumPy would convert them."""
    values = y.tolist() if hasattr(y, "tolist") and str(getattr(y, "dtype", "")) == "object" else y
    simple_types = str | int | float
    if isinstance(values, list | tuple) and not all(
        isinstance(v, simple_types) and not is_absent(v) for v in values
    ):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    return y


def _check_labels(labelled: Labelled) -> Labelled:
    """Check that labels are classes, not continuous values, and warn of rows that were left out."""
    labels = labelled.labels
    classes = unique_labels(labels)
    if any(isinstance(c, float) and not math.isfinite(c) for c in classes):
        assert_all_finite(np.array(labels), input_name="y")
    if isinstance(classes[0], str | int | float):
        check_classification_targets(np.array(labels))
    for note in labelled.notes:
        if LEFT_OUT in note:
            warnings.warn(note.replace("--missing error", "missing='error'"), stacklevel=4)
    return labelled


def _is_list_like(X: Any) -> bool:
    """Return whether X is a list or tuple, or an array of one or three axes, not a table (N, T)."""
    if hasattr(X, "toarray") or hasattr(X, "columns"):
        return False
    axes = getattr(X, "ndim", None)
    return isinstance(X, list | tuple) if axes is None else axes in (1, 3)
