"""Find the columns that name the series of each row, in a table with several series (long format)."""

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
"""Minimum mean number of rows per series for a column to name series."""
MOST_COLUMNS = 3
"""Maximum number of columns that together name a series."""
FEW = 0.01
"""Maximum fraction of repeated times that count as mistakes rather than as several series."""
PRESENT = 0.25
"""Minimum fraction of the series, on average over time, that have a row."""


def get_labels(cells: Cells, columns: Sequence[str]) -> "pd.Series[str]":
    """Return the name of the series of each row: the cells of ``columns``, joined by blanks.

    Raises:
        DataError: if one of the cells is empty.
    """
    labels = pd.Series([""] * len(cells.lines), dtype=object)
    for name in columns:
        column = cells.column(name)
        empty = column.map(is_blank).to_numpy(dtype=bool)
        if empty.any():
            raise DataError(
                f"{cells.at(int(np.argmax(empty)))}: column {name!r} must name the series, but is empty"
            )
        labels = (labels + " " + column.map(str)).str.strip()
    return labels


def split_series_option(cells: Cells, series: str) -> tuple[str, ...]:
    """Return the column names in the value of ``--series``: one, or several joined by +."""
    if not series:
        return ()
    if series in cells.names or "+" not in series:
        return (series,)
    return tuple(part.strip() for part in series.split("+"))


def find_series(cells: Cells, index: pd.Index, free: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that distinguish rows of the same time; () if no time is repeated or no columns do.

    Text is preferred to whole numbers, one column to several, and fewer series to more.

    Raises:
        DataError: if two different choices are equally good.
    """
    if index.duplicated().mean() <= FEW:
        return ()
    codes = {name: _encode(cells.column(name)) for name in free}
    usable = [n for n in free if _can_name_series(codes[n], len(cells.lines))]
    texts = [n for n in usable if not holds_numbers(cells.column(n))]
    wholes = [n for n in usable if n not in texts and _is_whole(cells.column(n))]
    time = pd.factorize(index)[0]
    for names in (texts, [*texts, *wholes]):
        for size in range(1, MOST_COLUMNS + 1):
            fitting = [
                c
                for c in itertools.combinations(names, size)
                if _is_distinguishing(time, [codes[n] for n in c])
            ]
            if fitting:
                return _choose_fewest(cells, codes, fitting)
    return ()


def _encode(column: pd.Series) -> np.ndarray:
    if column.map(is_blank).any():
        return np.empty(0, np.int64)
    return np.asarray(pd.factorize(column.map(str))[0], dtype=np.int64)


def _can_name_series(codes: np.ndarray, rows: int) -> bool:
    return len(codes) == rows and 1 < int(codes.max()) + 1 <= rows / FEWEST_ROWS


def _is_whole(column: pd.Series) -> bool:
    numbers = pd.to_numeric(column, errors="coerce")
    return bool((numbers % 1 == 0).all())


def _is_distinguishing(time: np.ndarray, codes: Sequence[np.ndarray]) -> bool:
    joint = np.stack([time, *codes], axis=1)
    rows_per_time = len(time) / (int(time.max()) + 1)
    count = _count_series(codes)
    if count * FEWEST_ROWS > len(time) or rows_per_time < PRESENT * count:
        return False
    return len(np.unique(joint, axis=0)) >= (1 - FEW) * len(joint)


def _count_series(codes: Sequence[np.ndarray]) -> int:
    return len(np.unique(np.stack(codes, axis=1), axis=0))


def _choose_fewest(
    cells: Cells, codes: dict[str, np.ndarray], fitting: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    counts = [_count_series([codes[n] for n in names]) for names in fitting]
    fewest = [names for names, count in zip(fitting, counts, strict=True) if count == min(counts)]
    for other in fewest[1:]:
        if _count_series([codes[n] for n in (*fewest[0], *other)]) != min(counts):
            one, two = "+".join(fewest[0]), "+".join(other)
            raise DataError(
                f"{cells.where}: rows with the same time have different values in column {one!r} and in "
                f"{two!r}; give the one that names the series: series={one!r} or series={two!r}"
            )
    return fewest[0]
