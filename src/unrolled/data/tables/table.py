"""A table in memory: column names, rows and line numbers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.tables.values import fits_decimal, is_missing, is_number
from unrolled.errors import DataError, suggestion

SHOWN = 8
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")


@dataclass(frozen=True, repr=False)
class Table:
    """Table read from a file, stored row by row."""

    path: Path
    names: list[str]
    """Column names; "1", "2", … if the file has none."""
    has_header: bool
    rows: list[list[Any]]
    """Cells: stripped text; from JSON any value, None if an object lacks the key."""
    lines: list[int]
    """Line of the file on which each row ends."""
    separator: str = ""
    decimal: str = ""
    """Decimal sign given by the caller; "" to detect it per column."""
    notes: tuple[str, ...] = ()
    """What was detected, one line each."""

    def __repr__(self) -> str:
        return f"Table({self.path}, {len(self.rows):,} rows of {', '.join(self.names[:SHOWN])})"

    def place(self, column: str) -> int:
        """Return the index of a column, given by its name or by its number from 1.

        Raises:
            DataError: if no column or more than one has this name.
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
                f"has no column {column!r}; its first line, {first}, is read as data: give column numbers "
                "from 1, or --header yes if it is a header"
            )
        raise DataError(f"{self.path}: {what}")

    def column(self, name: str) -> list[Any]:
        """Return the cells of a column; see :meth:`place`."""
        place = self.place(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as numbers, NaN for missing ones.

        Raises:
            DataError: if a cell is not a number, or the decimal sign is ambiguous.
        """
        cells = [str(cell) if cell is not None else "" for cell in self.column(name)]
        filled = [cell.strip() for cell in cells if not is_missing(cell)]
        for line, cell in zip(self.lines, cells, strict=True):
            if not is_missing(cell) and not is_number(cell):
                raise DataError(
                    f"{self.path}: line {line}: {cell!r:.60} in column {name!r} is not a number (leave "
                    "missing numbers empty)"
                )
        decimal = self._detect_decimal(name, filled)
        for line, cell in zip(self.lines, cells, strict=True):
            if not is_missing(cell) and not fits_decimal(cell, decimal):
                raise DataError(
                    f"{self.path}: line {line}: {cell!r:.60} in column {name!r} is not a number with the "
                    f"decimal sign {decimal!r}"
                )
        comma = decimal == ","
        values = np.full(len(cells), np.nan)
        for row, cell in enumerate(cells):
            if not is_missing(cell):
                plain = cell.strip().replace("." if comma else ",", "")
                values[row] = float(plain.replace(",", ".") if comma else plain)
        return values

    def _detect_decimal(self, name: str, cells: Sequence[str]) -> str:
        """Return the decimal sign of a column.

        A sign that is not followed by exactly three digits is decimal; so is the last of two different signs.
        If all signs are followed by three digits (``1,234``), a point is decimal and a comma is ambiguous. A
        cell with two points (``1.234.567``) shows that points separate thousands.
        """
        if self.decimal:
            return self.decimal
        with_comma = [cell for cell in cells if "," in cell]
        if not with_comma:
            return "," if any(cell.count(".") > 1 for cell in cells) else "."
        votes = Counter(_vote(cell) for cell in cells if "," in cell or "." in cell)
        if votes[","] and not votes["."]:
            return ","
        if votes["."] and not votes[","]:
            return "."
        example = with_comma[0]
        reason = "both signs are decimal in some rows" if votes["."] else f"{example!r} may be either"
        raise DataError(
            f"{self.path}: column {name!r}: is ',' a decimal sign or a separator of thousands ({reason})? "
            "Give --decimal , or --decimal ."
        )


def _vote(cell: str) -> str:
    """Return the decimal sign that a cell implies; "" if it fits both."""
    point, comma = cell.rfind("."), cell.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    sign = "." if point >= 0 else ","
    if cell.count(sign) > 1:
        return "," if sign == "." else "."
    if sign == ".":
        return "."
    return "" if _GROUPED.fullmatch(cell) and not cell.lstrip("+-").startswith("0") else ","
