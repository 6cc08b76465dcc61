"""Numbers with their nouns, as people write them."""

import operator
from typing import SupportsIndex


def counted(number: float | SupportsIndex, noun: str, plural: str = "") -> str:
    """Return a number and its noun: "1 row", "1,200 rows", "1.5 epochs".

    Args:
        number: a count, or a measure with digits behind the point, of which six in all are written.
        noun: for one.
        plural: for any other number; "" is the noun with an s.
    """
    written = f"{number:g}" if isinstance(number, float) else f"{operator.index(number):,}"
    return f"{written} {noun if number == 1 else plural or noun + 's'}"
