"""What a column of a table holds: text, classes, numbers."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.data.tables import is_number, is_time

FEW = 20
"""Classes that a column may always have."""
ROWS_OF_A_CLASS = 10
"""Rows that each class needs, on average, where there are more classes than :data:`FEW`."""
LONGEST_CLASS = 100
"""Characters of the name of a class, at most."""
PROSE = 4
"""Words of a text, on average, that is no name of a person, place or product."""
_DECIMALS = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*([eE].*)?")


def is_absent(value: Any) -> bool:
    """Return whether a cell holds nothing: None, NaN, pandas' NA, or blanks."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


@dataclass(frozen=True)
class Shape:
    """Counts over the cells of a column."""

    filled: int
    """Cells that are not empty."""
    kinds: int
    """Different values among them; 0 if they hold vectors."""
    mean_length: float
    """Characters of a cell, on average."""
    spaced: float
    """Share of cells of several words."""
    words: float
    """Words of a cell, on average."""
    letters: float
    """Share of letters among all characters but blanks."""
    numeric: bool
    """Whether every cell is a number or a time."""
    measured: bool
    """Whether every cell is a number, and some have decimals."""
    vectors: bool
    """Whether every cell is a list."""

    @property
    def recurs(self) -> bool:
        """Whether the column has few values, which recur and are no measurements: classes."""
        if (
            self.measured
            or self.kinds < 2
            or self.kinds > self.filled / 2
            or self.mean_length > LONGEST_CLASS
        ):
            return False
        return self.kinds <= max(FEW, self.filled / ROWS_OF_A_CLASS)

    @property
    def is_text(self) -> bool:
        """Whether the cells are mostly texts of several words, in letters."""
        return not self.numeric and self.spaced >= 0.5 and self.letters >= 0.5

    @property
    def is_prose(self) -> bool:
        """Whether the cells are texts longer than the names of things."""
        return self.is_text and self.words >= PROSE

    @property
    def is_varied(self) -> bool:
        """Whether the cells are words that mostly differ, as names do."""
        return not self.numeric and not self.recurs and self.letters >= 0.5 and self.kinds > 1


def shape_of(cells: Sequence[Any]) -> Shape:
    """Return what the cells of a column hold."""
    filled = [cell for cell in cells if not is_absent(cell)]
    if filled and all(isinstance(cell, list) for cell in filled):
        return Shape(len(filled), 0, math.inf, 0.0, 0.0, 0.0, numeric=False, measured=False, vectors=True)
    texts = [str(cell).strip() for cell in filled]
    count = max(len(texts), 1)
    signs = sum(len(text) - text.count(" ") for text in texts)
    return Shape(
        len(texts),
        len(set(texts)),
        sum(map(len, texts)) / count,
        sum(any(map(str.isspace, text)) for text in texts) / count,
        sum(len(text.split()) for text in texts) / count,
        sum(sum(map(str.isalpha, text)) for text in texts) / max(signs, 1),
        numeric=bool(texts) and all(is_number(text) or is_time(text) for text in texts),
        measured=all(map(is_number, texts)) and any(map(_DECIMALS.fullmatch, texts)),
        vectors=False,
    )
