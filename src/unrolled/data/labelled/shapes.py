"""Statistics of a table column, which distinguish text from classes and numbers."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.data.tables import is_number, is_time

FEW = 20
"""Number of classes that a column of any length may have."""
ROWS_OF_A_CLASS = 10
"""Average number of rows per class required if there are more classes than :data:`FEW`."""
LONGEST_CLASS = 100
"""Largest mean length of class names, in characters."""
PROSE = 4
"""Mean number of words from which a text is not the name of a person, place or product."""
_DECIMALS = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*([eE].*)?")


def is_absent(value: Any) -> bool:
    """Return whether a cell is missing: None, NaN, pandas' NA, or blank."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


@dataclass(frozen=True)
class ColumnStats:
    """Statistics of the cells of a column."""

    filled: int
    """Number of cells that are not missing."""
    distinct: int
    """Number of distinct values; 0 for vectors."""
    mean_length: float
    """Mean number of characters of a cell."""
    spaced: float
    """Fraction of cells with several words."""
    words: float
    """Mean number of words of a cell."""
    letters: float
    """Fraction of letters among all characters except blanks."""
    numeric: bool
    """True if every cell is a number or a time."""
    measured: bool
    """True if every cell is a number, and some have decimals."""
    vectors: bool
    """True if every cell is a list."""

    @property
    def recurs(self) -> bool:
        """True if the column may hold classes: few values that recur and are not measurements."""
        if (
            self.measured
            or self.distinct < 2
            or self.distinct > self.filled / 2
            or self.mean_length > LONGEST_CLASS
        ):
            return False
        return self.distinct <= max(FEW, self.filled / ROWS_OF_A_CLASS)

    @property
    def is_text(self) -> bool:
        """True if the cells are mostly texts of several words."""
        return not self.numeric and self.spaced >= 0.5 and self.letters >= 0.5

    @property
    def is_prose(self) -> bool:
        """True if the cells are texts longer than names."""
        return self.is_text and self.words >= PROSE

    @property
    def is_varied(self) -> bool:
        """True if the cells are words that mostly differ, such as names."""
        return not self.numeric and not self.recurs and self.letters >= 0.5 and self.distinct > 1


def column_stats(cells: Sequence[Any]) -> ColumnStats:
    """Return the statistics of the cells of a column."""
    filled = [cell for cell in cells if not is_absent(cell)]
    if filled and all(isinstance(cell, list) for cell in filled):
        return ColumnStats(
            len(filled), 0, math.inf, 0.0, 0.0, 0.0, numeric=False, measured=False, vectors=True
        )
    texts = [str(cell).strip() for cell in filled]
    count = max(len(texts), 1)
    characters = sum(len(text) - text.count(" ") for text in texts)
    return ColumnStats(
        len(texts),
        len(set(texts)),
        sum(map(len, texts)) / count,
        sum(any(map(str.isspace, text)) for text in texts) / count,
        sum(len(text.split()) for text in texts) / count,
        sum(sum(map(str.isalpha, text)) for text in texts) / max(characters, 1),
        numeric=bool(texts) and all(is_number(text) or is_time(text) for text in texts),
        measured=all(map(is_number, texts)) and any(map(_DECIMALS.fullmatch, texts)),
        vectors=False,
    )
