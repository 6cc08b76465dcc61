"""Numbers as files write them: ASCII digits in plain decimal form.

Python's ``float()`` and ``int()`` take more than files mean: ``1_0``, digits of other scripts, ``nan``, and
white space around. ``int()`` also fails in its own way above 4,300 digits.
"""

import re

LONGEST = 400
"""Characters of a number: float64 needs no more."""

_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,8})?")
_INT = re.compile(r"[+-]?[0-9]{1,18}")


def plain_float(text: str) -> float:
    """Return a number written as ``-1.5e-3``; it is infinite where float64 is too small for it.

    Raises:
        ValueError: if it is written otherwise.
    """
    if len(text) > LONGEST or not _FLOAT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number")
    return float(text)


def plain_int(text: str) -> int:
    """Return a whole number of up to 18 digits.

    Raises:
        ValueError: if it is written otherwise.
    """
    if not _INT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a whole number of up to 18 digits")
    return int(text)
