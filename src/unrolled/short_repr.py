"""Short ``repr`` of values that hold much: what they are and how large, not every number."""

import dataclasses
from typing import Any, TypeVar

C = TypeVar("C", bound=type)

ITEMS, TEXT = 4, 60
"""Items of a list and characters of a text that are shown."""
LONGEST, SHORT = 300, 30
"""Characters of the whole; if there are more, of each field, which is then shown by its type."""


def short_repr(kind: C) -> C:
    """Give a dataclass a short ``repr``: fields that differ from their defaults, arrays by their shape."""
    kind.__repr__ = _of_fields  # type: ignore[assignment]
    return kind


def shown(value: Any) -> str:
    """Return a value in a few words: an array by its shape, a list by its first items and its length."""
    if isinstance(value, str):
        return repr(value if len(value) <= TEXT else f"{value[: TEXT - 1]}…")
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:  # of an array or a tensor
        return f"{type(value).__name__}{tuple(shape)}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_fields(value)
    if isinstance(value, dict):
        return _listed([f"{shown(k)}: {shown(v)}" for k, v in [*value.items()][:ITEMS]], len(value), "{}")
    if type(value) in (list, tuple):
        brackets = "[]" if isinstance(value, list) else "()"
        return _listed([shown(item) for item in value[:ITEMS]], len(value), brackets)
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 2 * TEXT else f"<{type(value).__name__}>"


def _of_fields(value: Any) -> str:
    changed = [f for f in dataclasses.fields(value) if f.repr and not _is_default(f, getattr(value, f.name))]
    parts = [f"{f.name}={shown(getattr(value, f.name))}" for f in changed]
    text = f"{type(value).__name__}({', '.join(parts)})"
    if len(text) <= LONGEST:
        return text
    parts = [f"{f.name}={_shorter(getattr(value, f.name))}" for f in changed]
    return f"{type(value).__name__}({', '.join(parts)})"


def _shorter(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= SHORT else f"<{type(value).__name__}>"


def _is_default(f: "dataclasses.Field[Any]", value: Any) -> bool:
    if f.default_factory is not dataclasses.MISSING:
        return not hasattr(value, "shape") and bool(value == f.default_factory())
    return f.default is not dataclasses.MISSING and type(value) is type(f.default) and value == f.default


def _listed(parts: list[str], count: int, brackets: str) -> str:
    more = f", … {count:,} in all" if count > ITEMS else ""
    return f"{brackets[0]}{', '.join(parts)}{more}{brackets[1]}"
