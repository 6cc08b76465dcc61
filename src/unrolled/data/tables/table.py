"""A table in memory: names, rows, and where each row came from."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.tables.values import is_missing, is_number
from unrolled.errors import DataError, suggestion

SHOWN = 8
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")


@dataclass(frozen=True, repr=False)
class Table:
    """The cells of a file, row by row."""

    path: Path
    names: list[str]
    """Of the columns; "1", "2", … where the file names none."""
    has_header: bool
    rows: list[list[Any]]
    """Text, stripped of outer blanks; in JSON any value, and None where an object lacks the key."""
    lines: list[int]
    """Line of the file at which each row ends."""
    separator: str = ""
    decimal: str = ""
    """Decimal sign as given; "" to take it from the columns."""
    notes: tuple[str, ...] = ()
    """What was detected, one line each."""

    def __repr__(self) -> str:
        return f"Table({self.path}, {len(self.rows):,} rows of {', '.join(self.names[:SHOWN])})"

    def place(self, column: str) -> int:
        """Return where a column is, by its name, or by its number from 1.

        Raises:
            DataError: if there is none, or there are two.
        """
        count = self.names.count(column)
        if count == 1:
            return self.names.index(column)
        if count > 1:
            raise DataError(f"{self.path}: two columns are named {column!r}; give the number of one, from 1")
        if re.fullmatch("[0-9]{1,9}", column) and 1 <= int(column) <= len(self.names):
            return int(column) - 1
        if self.has_header:
            names = ", ".join(map(repr, self.names[:SHOWN]))
            what = f"has no column {column!r}{suggestion(column, self.names)}; it has {names}"
        else:
            first = ", ".join(f"{cell!r:.40}" for cell in self.rows[0][:SHOWN])
            what = (
                f"has no column {column!r}; its first line, {first}, names none: number the columns from 1, "
                "or say that it is a header: --header yes"
            )
        raise DataError(f"{self.path}: {what}")

    def column(self, name: str) -> list[Any]:
        """Return the cells of a column; see :meth:`place`."""
        place = self.place(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, NaN where one is missing.

        Raises:
            DataError: if a cell is no number, or its decimal sign may be either of two.
        """
        cells = [str(cell) if cell is not None else "" for cell in self.column(name)]
        filled = [cell.strip() for cell in cells if not is_missing(cell)]
        for line, cell in zip(self.lines, cells, strict=True):
            if not is_missing(cell) and not is_number(cell):
                raise DataError(
                    f"{self.path}: line {line}: {cell!r:.60} in column {name!r} is not a number (an empty "
                    "cell is a missing one)"
                )
        comma = self._decimal(name, filled) == ","
        found = np.full(len(cells), np.nan)
        for row, cell in enumerate(cells):
            if not is_missing(cell):
                plain = cell.strip().replace("." if comma else ",", "")
                found[row] = float(plain.replace(",", ".") if comma else plain)
        return found

    def _decimal(self, name: str, cells: Sequence[str]) -> str:
        """Return the decimal sign of a column.

        A sign that is not followed by three digits is decimal; so is the last of two kinds. Where every
        number with a sign is like ``1,234``, a point is decimal, a comma may be either.
        """
        if self.decimal:
            return self.decimal
        marked = [cell for cell in cells if "," in cell]
        if not marked:
            return "."
        votes = Counter(_vote(cell) for cell in cells if "," in cell or "." in cell)
        if votes[","] and not votes["."]:
            return ","
        if votes["."] and not votes[","]:
            return "."
        example = marked[0]
        reason = "both signs are decimal in some rows" if votes["."] else f"{example!r} may be either"
        raise DataError(
            f"{self.path}: column {name!r}: is ',' a decimal sign or a separator of thousands ({reason})? "
            "Say --decimal , or --decimal ."
        )


def _vote(cell: str) -> str:
    """Return the decimal sign that a number must have, "" if it may have either."""
    point, comma = cell.rfind("."), cell.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    sign = "." if point >= 0 else ","
    if cell.count(sign) > 1:
        return "," if sign == "." else "."
    if sign == ".":
        return "."
    return "" if _GROUPED.fullmatch(cell) and not cell.lstrip("+-").startswith("0") else ","
