"""Sequences and labels from memory, in scikit-learn's forms."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from unrolled.data import Labelled
from unrolled.data.labelled import Series
from unrolled.errors import ConfigError


def from_memory(X: Any, y: Any) -> Labelled:
    """Return texts or sequences of vectors with their labels.

    Args:
        X: see :func:`items_of`.
        y: a label for each: text, whole numbers or booleans.

    Raises:
        ValueError: if they do not fit together, with scikit-learn's words.
    """
    if y is None:
        raise ConfigError("requires y to be passed, but the target y is None: give a label for each sequence")
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    items = items_of(X)
    check_consistent_length(items, labels)
    return Labelled(items, labels.tolist())


def items_of(X: Any) -> list[str] | list[Series]:
    """Return texts, or sequences of vectors (T, I).

    Args:
        X: texts; or arrays (T_i, I), of any lengths; or one array (N, T, I), or (N, T) of single values.

    Raises:
        ValueError: if it is none of these, or holds what is not finite.
    """
    if isinstance(X, str | Path):
        raise ConfigError("one text was given where a list of texts is needed")
    if not hasattr(X, "toarray") and not hasattr(X, "columns"):
        items = list(X)
        if items and all(isinstance(item, str) for item in items):
            return items
        if (
            items
            and all(np.ndim(item) == 2 for item in items)
            and len({np.shape(item) for item in items}) > 1
        ):
            return [np.asarray(check_array(item, dtype=np.float32)) for item in items]
    values = np.asarray(check_array(X, dtype=np.float32, allow_nd=True))
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3:
        raise ConfigError(f"an array of {values.ndim} axes: (N, T) or (N, T, features) is needed")
    return list(values)
