"""Numbers and arrays as C source."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 106
"""Longest line of numbers, in characters."""


def float_literal(value: float) -> str:
    """Return a literal of the nearest float, exactly."""
    value = float(np.float32(value))
    if np.isinf(value):
        return "(1.0f / 0.0f)" if value > 0 else "(-1.0f / 0.0f)"
    if np.isnan(value):
        return "(0.0f / 0.0f)"
    text = f"{value:.9g}"
    shortest = str(np.float32(value))
    text = shortest if len(shortest) < len(text) else text
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def comment_line(text: str) -> str:
    """Return a comment; characters that a compiler may not know are replaced."""
    return f"/* {text.encode('ascii', 'replace').decode().replace('*/', '* /')} */"


def array_definition(name: str, values: NDArray[Any], comment: str = "") -> str:
    """Return the definition of a constant array of float32 or int8."""
    kind = "int8_t" if values.dtype == np.int8 else "float"
    literals = map(str, values.ravel()) if kind == "int8_t" else map(float_literal, values.ravel())
    head = f"{comment_line(comment)}\n" if comment else ""
    return f"{head}static const {kind} {name}[{values.size}] = {{\n{_wrap(literals)}}};\n"


def _wrap(literals: Iterable[str]) -> str:
    lines: list[str] = []
    line = ""
    for literal in literals:
        if len(line) + len(literal) + 2 > WIDTH:
            lines.append(line)
            line = ""
        line += f"{'  ' if not line else ' '}{literal},"
    return "".join(f"{line}\n" for line in [*lines, line])
