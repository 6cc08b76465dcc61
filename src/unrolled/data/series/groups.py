"""Which column names the series of a row, in a table that holds several below each other."""

import itertools
from collections.abc import Sequence

import numpy as np

from unrolled.data.series.cells import Cells, is_blank
from unrolled.data.series.numbers import holds_numbers
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

FEWEST_ROWS = 3
"""Mean rows of a series, from which on a column names series."""
MOST_COLUMNS = 3
"""Columns that are joined to one name."""
FEW = 0.01
"""Share of rows up to which repeated times are mistakes, not other series."""
PRESENT = 0.25
"""Share of the series that a time has rows of, on average."""


def labels_of(cells: Cells, columns: Sequence[str]) -> "pd.Series[str]":
    """Return the name of the series of each row: the cells of the columns, joined by blanks.

    Raises:
        DataError: if a row names none.
    """
    labels = pd.Series([""] * len(cells.lines), dtype=object)
    for name in columns:
        column = cells.column(name)
        empty = column.map(is_blank).to_numpy(dtype=bool)
        if empty.any():
            raise DataError(f"{cells.at(int(np.argmax(empty)))}: column {name!r} names no series")
        labels = (labels + " " + column.map(str)).str.strip()
    return labels


def series_parts(cells: Cells, series: str) -> tuple[str, ...]:
    """Return the columns of ``--series``: one, or several joined by +."""
    if not series:
        return ()
    if series in cells.names or "+" not in series:
        return (series,)
    return tuple(part.strip() for part in series.split("+"))


def find_series(cells: Cells, index: pd.Index, free: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell rows of one time apart; none if no time is repeated, or nothing does.

    Text comes before whole numbers, one column before several, fewer series before more.

    Raises:
        DataError: if two columns do.
    """
    if index.duplicated().mean() <= FEW:
        return ()
    codes = {name: _codes(cells.column(name)) for name in free}
    usable = [n for n in free if _names_series(codes[n], len(cells.lines))]
    texts = [n for n in usable if not holds_numbers(cells.column(n))]
    wholes = [n for n in usable if n not in texts and _are_whole(cells.column(n))]
    time = pd.factorize(index)[0]
    for names in (texts, [*texts, *wholes]):
        for size in range(1, MOST_COLUMNS + 1):
            fitting = [c for c in itertools.combinations(names, size) if _apart(time, [codes[n] for n in c])]
            if fitting:
                return _fewest(cells, codes, fitting)
    return ()


def _codes(column: pd.Series) -> np.ndarray:
    if column.map(is_blank).any():
        return np.empty(0, np.int64)
    return np.asarray(pd.factorize(column.map(str))[0], dtype=np.int64)


def _names_series(codes: np.ndarray, rows: int) -> bool:
    return len(codes) == rows and 1 < int(codes.max()) + 1 <= rows / FEWEST_ROWS


def _are_whole(column: pd.Series) -> bool:
    numbers = pd.to_numeric(column, errors="coerce")
    return bool((numbers % 1 == 0).all())


def _apart(time: np.ndarray, codes: Sequence[np.ndarray]) -> bool:
    joint = np.stack([time, *codes], axis=1)
    each = len(time) / (int(time.max()) + 1)
    count = _count(codes)
    if count * FEWEST_ROWS > len(time) or each < PRESENT * count:
        return False
    return len(np.unique(joint, axis=0)) >= (1 - FEW) * len(joint)


def _count(codes: Sequence[np.ndarray]) -> int:
    return len(np.unique(np.stack(codes, axis=1), axis=0))


def _fewest(
    cells: Cells, codes: dict[str, np.ndarray], fitting: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    counts = [_count([codes[n] for n in names]) for names in fitting]
    least = [names for names, count in zip(fitting, counts, strict=True) if count == min(counts)]
    for other in least[1:]:
        if _count([codes[n] for n in (*least[0], *other)]) != min(counts):
            one, two = "+".join(least[0]), "+".join(other)
            raise DataError(
                f"{cells.where}: rows of one time are told apart by column {one!r} and by {two!r}; say which "
                f"names the series: series={one!r} or series={two!r}"
            )
    return least[0]
