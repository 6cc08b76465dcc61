"""Short ``repr`` of large values: type and size instead of every element."""

import dataclasses
from typing import Any, TypeVar

C = TypeVar("C", bound=type)

ITEMS, TEXT = 4, 60
"""Largest number of items of a list, and of characters of a string, that are shown."""
LONGEST, SHORT = 300, 30
"""Largest length of a ``repr``. If it is exceeded, fields longer than SHORT are shown by their type."""


def short_repr(kind: C) -> C:
    """Class decorator: set a short ``repr`` with the fields that differ from their defaults."""
    kind.__repr__ = _format_fields  # type: ignore[assignment]
    return kind


def short_text(value: Any) -> str:
    """Return a short text for a value: the shape of an array, the first items and the length of a list."""
    if isinstance(value, str):
        return repr(value if len(value) <= TEXT else f"{value[: TEXT - 1]}…")
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:  # of an array or a tensor
        return f"{type(value).__name__}{tuple(shape)}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _format_fields(value)
    if isinstance(value, dict):
        return _format_items(
            [f"{short_text(k)}: {short_text(v)}" for k, v in [*value.items()][:ITEMS]], len(value), "{}"
        )
    if type(value) in (list, tuple):
        brackets = "[]" if isinstance(value, list) else "()"
        return _format_items([short_text(item) for item in value[:ITEMS]], len(value), brackets)
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 2 * TEXT else f"<{type(value).__name__}>"


def _format_fields(value: Any) -> str:
    changed = [f for f in dataclasses.fields(value) if f.repr and not _is_default(f, getattr(value, f.name))]
    parts = [f"{f.name}={short_text(getattr(value, f.name))}" for f in changed]
    text = f"{type(value).__name__}({', '.join(parts)})"
    if len(text) <= LONGEST:
        return text
    parts = [f"{f.name}={_format_short(getattr(value, f.name))}" for f in changed]
    return f"{type(value).__name__}({', '.join(parts)})"


def _format_short(value: Any) -> str:
    text = short_text(value)
    return text if len(text) <= SHORT else f"<{type(value).__name__}>"


def _is_default(f: "dataclasses.Field[Any]", value: Any) -> bool:
    if f.default_factory is not dataclasses.MISSING:
        return not hasattr(value, "shape") and bool(value == f.default_factory())
    return f.default is not dataclasses.MISSING and type(value) is type(f.default) and value == f.default


def _format_items(parts: list[str], count: int, brackets: str) -> str:
    ellipsis = f", … {count:,} in all" if count > ITEMS else ""
    return f"{brackets[0]}{', '.join(parts)}{ellipsis}{brackets[1]}"
