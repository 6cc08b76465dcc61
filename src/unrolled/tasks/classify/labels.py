"""Conversion of labels of any type: from NumPy and pandas, to JSON and back, to arrays."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ConfigError

Label = str | int | float | bool | date | datetime
Kind = Literal["", "bool", "date", "datetime"]
"""Type of labels that JSON cannot represent; "" for text and numbers."""
_READERS: dict[str, Callable[[Any], Any]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "bool": bool,
}


def to_python_labels(y: Any) -> list[Any]:
    """Convert labels of NumPy and pandas types into Python values.

    NaT and NA become None. None, NaN and values of types that no label can have are returned unchanged.
    """
    if getattr(y, "ndim", 1) > 1:
        y = np.asarray(y).ravel()
    return [_to_python(value) for value in y]


def _to_python(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return None
        item = value.astype("datetime64[us]").item() if value.dtype != "<M8[D]" else value.item()
        return item
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "to_pydatetime"):
        return None if value != value else value.to_pydatetime(warn=False)
    return None if type(value).__name__ in ("NAType", "NaTType") else value


def get_kind(labels: Sequence[Any]) -> Kind:
    """Return the kind of labels that all have the same type.

    Raises:
        ConfigError: if a label is not text, a number, a boolean or a date.
    """
    first = labels[0]
    invalid = next((v for v in labels if not isinstance(v, str | int | float | date)), None)
    if invalid is not None:
        raise ConfigError(
            f"a label is {invalid!r:.60}, a {type(invalid).__name__}: give text, whole numbers, booleans or "
            "dates"
        )
    if isinstance(first, datetime):
        return "datetime"
    return "date" if isinstance(first, date) else "bool" if isinstance(first, bool) else ""


def unique_labels(labels: Sequence[Any]) -> list[Any]:
    """Return the classes: the distinct labels, sorted.

    Raises:
        ConfigError: see :func:`get_kind`; or if labels have several types.
    """
    types = {type(label) for label in labels}
    if len(types - {int, float}) > 1 or (len(types) > 1 and not types <= {int, float}):
        names = " and ".join(sorted(kind.__name__ for kind in types))
        raise ConfigError(f"labels have several types ({names}): convert them to one type")
    get_kind(labels)
    return sorted(set(labels))


def to_array(classes: Sequence[Any]) -> NDArray[Any]:
    """Return classes as a NumPy array: dates as ``datetime64``, dates with a time zone as objects."""
    kind = get_kind(classes)
    if kind == "date":
        return np.array(classes, dtype="datetime64[D]")
    if kind == "datetime" and all(c.tzinfo is None for c in classes):
        return np.array(classes, dtype="datetime64[us]")
    return np.array(classes, dtype=object if kind == "datetime" else None)


def to_json(classes: Sequence[Any]) -> tuple[list[Any], Kind]:
    """Return classes as JSON values, and their kind."""
    kind = get_kind(classes)
    is_date = kind in ("date", "datetime")
    return [c.isoformat() for c in classes] if is_date else [
        int(c) if kind == "bool" else c for c in classes
    ], kind


def from_json(values: Sequence[Any], kind: Kind) -> list[Any]:
    """Return the classes that :func:`to_json` wrote.

    Raises:
        ValueError: if a value does not have that kind.
    """
    reader = _READERS.get(kind)
    if reader is None:
        return list(values)
    try:
        return [reader(value) for value in values]
    except TypeError as error:
        raise ValueError(f"a label is not a {kind} ({error})") from None
