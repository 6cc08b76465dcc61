"""Strict parsing of numbers: ASCII digits in plain decimal notation.

Python's ``float()`` and ``int()`` accept more: ``1_0``, digits of other scripts, ``nan``, and surrounding
white space. ``int()`` also raises its own error above 4,300 digits.
"""

import re

LONGEST = 400
"""Largest number of characters of a number; float64 never needs more."""

_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,8})?")
_INT = re.compile(r"[+-]?[0-9]{1,18}")


def plain_float(text: str) -> float:
    """Parse a number such as ``-1.5e-3``; numbers beyond the range of float64 become infinite.

    Raises:
        ValueError: if the text has another form.
    """
    if len(text) > LONGEST or not _FLOAT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number")
    return float(text)


def plain_int(text: str) -> int:
    """Parse a whole number of up to 18 digits.

    Raises:
        ValueError: if the text has another form.
    """
    if not _INT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a whole number of up to 18 digits")
    return int(text)
