"""Numbers with nouns in the right singular or plural, for messages."""

import operator
from typing import SupportsIndex


def counted(number: float | SupportsIndex, noun: str, plural: str = "") -> str:
    """Return a number and its noun: "1 row", "1,200 rows", "1.5 epochs".

    Args:
        number: a count; or a float, written with at most six significant digits.
        noun: the singular.
        plural: the plural; "" adds an s to the noun.
    """
    written = f"{number:g}" if isinstance(number, float) else f"{operator.index(number):,}"
    return f"{written} {noun if number == 1 else plural or noun + 's'}"
