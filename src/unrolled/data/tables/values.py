"""Recognise cells that are numbers, times or missing."""

import re

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "?", ".", "nil", "missing"})
"""Texts that mark a missing number, in lower case."""
_POINT = re.compile(r"[+-]?(\d+(,\d{3})*\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+(\.\d{3})*,?\d*|,\d+)([eE][+-]?\d+)?")
_TIME = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, with either decimal sign."""
    cell = cell.strip()
    return bool(_POINT.fullmatch(cell) or _COMMA.fullmatch(cell))


def fits_decimal(cell: str, decimal: str) -> bool:
    """Return whether a cell is a number with this decimal sign; the other one may separate thousands."""
    return bool((_COMMA if decimal == "," else _POINT).fullmatch(cell.strip()))


def is_time(cell: str) -> bool:
    """Return whether a cell looks like a date or a time of day in digits."""
    return bool(_TIME.fullmatch(cell.strip()))


def is_missing(cell: str) -> bool:
    """Return whether a cell marks a missing number."""
    return cell.strip().lower() in MISSING
