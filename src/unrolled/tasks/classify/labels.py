"""Labels of any type: from memory, in run folders, and as arrays."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ConfigError

Label = str | int | float | bool | date | datetime
Kind = Literal["", "bool", "date", "datetime"]
"""Type of labels that JSON cannot tell by itself; "" for text and numbers."""
_READERS: dict[str, Callable[[Any], Any]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "bool": bool,
}


def plain_labels(y: Any) -> list[Any]:
    """Return labels as values of Python; those of NumPy and pandas are converted.

    None and NaN stay, and so does what can be no label.
    """
    if getattr(y, "ndim", 1) > 1:
        y = np.asarray(y).ravel()
    return [_plain(value) for value in y]


def _plain(value: Any) -> Any:
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


def kind_of(labels: Sequence[Any]) -> Kind:
    """Return the kind of labels that are all of one type.

    Raises:
        ConfigError: if one is of a type that no label has.
    """
    first = labels[0]
    odd = next((v for v in labels if not isinstance(v, str | int | float | date)), None)
    if odd is not None:
        raise ConfigError(
            f"a label is {odd!r:.60}, a {type(odd).__name__}: give text, whole numbers, booleans or dates"
        )
    if isinstance(first, datetime):
        return "datetime"
    return "date" if isinstance(first, date) else "bool" if isinstance(first, bool) else ""


def distinct(labels: Sequence[Any]) -> list[Any]:
    """Return the classes: the different labels in order.

    Raises:
        ConfigError: see :func:`kind_of`; or types are mixed.
    """
    kinds = {type(label) for label in labels}
    if len(kinds - {int, float}) > 1 or (len(kinds) > 1 and not kinds <= {int, float}):
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise ConfigError(f"labels are of several types ({names}): give them one")
    kind_of(labels)
    return sorted(set(labels))


def as_array(classes: Sequence[Any]) -> NDArray[Any]:
    """Return classes as an array of NumPy: dates as ``datetime64``, those with a zone as objects."""
    kind = kind_of(classes)
    if kind == "date":
        return np.array(classes, dtype="datetime64[D]")
    if kind == "datetime" and all(c.tzinfo is None for c in classes):
        return np.array(classes, dtype="datetime64[us]")
    return np.array(classes, dtype=object if kind == "datetime" else None)


def to_json(classes: Sequence[Any]) -> tuple[list[Any], Kind]:
    """Return classes as JSON can hold them, and their kind."""
    kind = kind_of(classes)
    dates = kind in ("date", "datetime")
    return [c.isoformat() for c in classes] if dates else [
        int(c) if kind == "bool" else c for c in classes
    ], kind


def from_json(values: Sequence[Any], kind: Kind) -> list[Any]:
    """Return the classes that :func:`to_json` wrote.

    Raises:
        ValueError: if a value is not of that kind.
    """
    reader = _READERS.get(kind)
    if reader is None:
        return list(values)
    try:
        return [reader(value) for value in values]
    except TypeError as error:
        raise ValueError(f"a label is no {kind} ({error})") from None
