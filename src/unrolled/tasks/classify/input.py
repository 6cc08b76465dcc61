"""Sequences and labels from memory, in scikit-learn's forms."""

from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data import Labelled
from unrolled.data.labelled import Series
from unrolled.errors import ConfigError
from unrolled.extras import extra

with extra("classify", "a classifier"):
    from sklearn.base import BaseEstimator
    from sklearn.utils import assert_all_finite
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data


def from_memory(X: Any, y: Any, estimator: BaseEstimator, *, fitting: bool) -> Labelled:
    """Return texts or sequences of vectors with their labels.

    Args:
        X: see :func:`items_of`.
        y: a label for each: text, whole numbers or booleans.
        estimator: what is fitted or asked.
        fitting: whether X settles the number of columns of a table.

    Raises:
        ValueError: if they do not fit together, with scikit-learn's words.
    """
    if y is None:
        raise ConfigError("requires y to be passed, but the target y is None: give a label for each sequence")
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    values = labels.tolist()
    odd = next((v for v in values if not isinstance(v, str | int | float)), None)
    if odd is not None:
        raise ConfigError(f"a label is {odd!r}, a {type(odd).__name__}: give text, whole numbers or booleans")
    items = items_of(X, estimator, fitting=fitting)
    check_consistent_length(items, labels)
    return Labelled(items, values)


def items_of(X: Any, estimator: BaseEstimator, *, fitting: bool) -> list[str] | list[Series]:
    """Return texts, or sequences of vectors (T, I).

    Args:
        X: texts; or arrays (T_i, I), of any lengths; or one array (N, T, I); or a table (N, T), whose rows
            are sequences of single values and which has the same number of columns at every call.
        estimator: what is fitted or asked.
        fitting: whether X settles the number of columns of a table.

    Raises:
        ValueError: if it is none of these, or holds what is not finite.
    """
    if isinstance(X, str | Path):
        raise ConfigError("one text was given where a list of texts is needed")
    if _is_list_like(X):
        items = list(X)
        if items and all(isinstance(item, str) for item in items):
            return items
        if any(isinstance(item, list | tuple) and any(isinstance(w, str) for w in item) for item in items):
            raise ConfigError("a text is one string: join the words of a list by spaces")
        if any(isinstance(item, str) for item in items):
            place = next(i for i, item in enumerate(items) if not isinstance(item, str))
            raise ConfigError(f"item {place} is {items[place]!r:.40}, not a text as others are")
        if items and all(np.ndim(item) == 2 for item in items):
            return [np.asarray(check_array(item, dtype=np.float32)) for item in items]
    if hasattr(X, "columns") and hasattr(X, "iloc") and len(X) and any(isinstance(v, str) for v in X.iloc[0]):
        raise ConfigError(
            "a table was given where texts are needed: give the column that holds them, as "
            f"table[{X.columns[0]!r}]"
        )
    table = validate_data(estimator, X, reset=fitting, dtype=np.float32)
    return list(np.asarray(table)[:, :, None])


def _is_list_like(X: Any) -> bool:
    """Tell whether X is a list, or an array or column of things that are no numbers of a table."""
    if hasattr(X, "toarray") or hasattr(X, "columns"):
        return False
    axes = getattr(X, "ndim", None)
    return isinstance(X, list | tuple) if axes is None else axes in (1, 3)
