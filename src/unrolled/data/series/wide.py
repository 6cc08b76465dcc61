"""Convert wide tables, with dates or parts of a year in the header, to long format."""

import re

import numpy as np

from unrolled.data.series.cells import FEWEST_DATES, Cells, has_dates, texts_of
from unrolled.data.series.season_columns import MONTHS
from unrolled.data.series.stamps import read_forms
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

QUARTERS = ("q1", "q2", "q3", "q4")
TIME, VALUE = "time", "value"
"""Names of the new columns for the header and for the cells."""


def to_long_format(cells: Cells) -> Cells:
    """Convert a table to long format if its header ends with dates, or with parts of the year of each row.

    The columns before them are kept; they name the series.
    """
    if not cells.has_header or cells.index is not None:
        return cells
    for parts, noun in ((tuple(MONTHS), "months"), (QUARTERS, "quarters")):
        first = _find_first_part(cells, parts)
        if first:
            return _convert_parts(cells, first, len(parts), noun)
    return _convert_dates(cells) if has_dates(cells.names) else cells


def _convert_dates(cells: Cells) -> Cells:
    is_date = read_forms(pd.Series(cells.names, dtype=object))[0].values.notna().to_numpy()
    first = len(is_date) - int(np.argmin(is_date[::-1])) if not is_date.all() else 0
    if not first or len(is_date) - first < FEWEST_DATES:
        return cells
    dates = cells.names[first:]
    note = f"the header holds {len(dates)} dates, {dates[0]} to {dates[-1]}: each row is a series"
    time = pd.Series(dates * len(cells.lines), dtype=object)
    return _make_long(cells, range(first), range(first, len(is_date)), time, note)


def _find_first_part(cells: Cells, parts: tuple[str, ...]) -> int:
    """Return the index of the first column named as a part of a year, after a column of years; 0 if none."""
    names = [_shorten(name) for name in cells.names]
    for first in range(1, len(names) - len(parts) + 1):
        if names[first : first + len(parts)] == list(parts):
            years = read_forms(texts_of(cells.columns[first - 1]))
            return first if years and years[0].form.name == "%Y" else 0
    return 0


def _shorten(name: str) -> str:
    """Return the short name of a month or a quarter: q1 for Q1, Qtr1 or Quarter 1."""
    quarter = re.fullmatch(r"q(?:tr|uarter)?[ ._]?([1-4])", name.strip().lower())
    return f"q{quarter[1]}" if quarter else name.strip().lower()[:3]


def _convert_parts(cells: Cells, first: int, count: int, noun: str) -> Cells:
    parts = [_shorten(name) for name in cells.names[first : first + count]]
    years = texts_of(cells.columns[first - 1])
    time = pd.Series([f"{part} {year}" for year in years for part in parts], dtype=object)
    unused = cells.names[first + count :]
    left_out = f", {', '.join(map(repr, unused))} left out" if unused else ""
    note = f"the header holds the {noun} of each row's year in {cells.names[first - 1]!r}{left_out}"
    return _make_long(cells, range(first - 1), range(first, first + count), time, note)


def _make_long(cells: Cells, fixed: range, values: range, time: pd.Series, note: str) -> Cells:
    """Return one row per row and ``values`` column, with ``time`` and the ``fixed`` columns."""
    count = len(values)
    repeated = [cells.columns[i].repeat(count).reset_index(drop=True) for i in fixed]
    numbers = np.stack([cells.columns[i].to_numpy(dtype=object) for i in values], axis=1).ravel()
    return Cells(
        cells.where,
        [*(cells.names[i] for i in fixed), TIME, VALUE],
        [*repeated, time, pd.Series(numbers, dtype=object)],
        [line for line in cells.lines for _ in values],
        decimal=cells.decimal,
        notes=(*cells.notes, note),
    )
