"""Tables whose header holds the dates of their rows' series, or parts of a year, turned into long form."""

import re

import numpy as np

from unrolled.data.series.cells import FEWEST_DATES, Cells, has_dates, texts_of
from unrolled.data.series.cycles import MONTHS
from unrolled.data.series.stamps import read_forms
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

QUARTERS = ("q1", "q2", "q3", "q4")
TIME, VALUE = "time", "value"
"""Names of the columns that hold the header and the cells."""


def turn_down(cells: Cells) -> Cells:
    """Return a table in long form if its header ends with dates, or with parts of the year of a row.

    The columns before them stay; they name the series.
    """
    if not cells.has_header or cells.index is not None:
        return cells
    for parts, said in ((tuple(MONTHS), "months"), (QUARTERS, "quarters")):
        first = _first_part(cells, parts)
        if first:
            return _turn_parts(cells, first, len(parts), said)
    return _turn_dates(cells) if has_dates(cells.names) else cells


def _turn_dates(cells: Cells) -> Cells:
    dated = read_forms(pd.Series(cells.names, dtype=object))[0].values.notna().to_numpy()
    first = len(dated) - int(np.argmin(dated[::-1])) if not dated.all() else 0
    if not first or len(dated) - first < FEWEST_DATES:
        return cells
    dates = cells.names[first:]
    note = f"the header holds {len(dates)} dates, {dates[0]} to {dates[-1]}: each row is a series"
    time = pd.Series(dates * len(cells.lines), dtype=object)
    return _long(cells, range(first), range(first, len(dated)), time, note)


def _first_part(cells: Cells, parts: tuple[str, ...]) -> int:
    """Return the first of the columns named as parts of a year, after one of years; 0 if there are none."""
    names = [_part(name) for name in cells.names]
    for first in range(1, len(names) - len(parts) + 1):
        if names[first : first + len(parts)] == list(parts):
            years = read_forms(texts_of(cells.columns[first - 1]))
            return first if years and years[0].form.name == "%Y" else 0
    return 0


def _part(name: str) -> str:
    """Return the short name of a month or of a quarter (Q1, Qtr1, Quarter 1)."""
    quarter = re.fullmatch(r"q(?:tr|uarter)?[ ._]?([1-4])", name.strip().lower())
    return f"q{quarter[1]}" if quarter else name.strip().lower()[:3]


def _turn_parts(cells: Cells, first: int, each: int, said: str) -> Cells:
    parts = [_part(name) for name in cells.names[first : first + each]]
    years = texts_of(cells.columns[first - 1])
    time = pd.Series([f"{part} {year}" for year in years for part in parts], dtype=object)
    beyond = cells.names[first + each :]
    out = f", {', '.join(map(repr, beyond))} left out" if beyond else ""
    note = f"the header holds the {said} of each row's year in {cells.names[first - 1]!r}{out}"
    return _long(cells, range(first - 1), range(first, first + each), time, note)


def _long(cells: Cells, kept: range, values: range, time: pd.Series, note: str) -> Cells:
    """Return a row for each of the ``values`` columns of each row, with ``time`` and the ``kept`` columns."""
    each = len(values)
    repeated = [cells.columns[i].repeat(each).reset_index(drop=True) for i in kept]
    numbers = np.stack([cells.columns[i].to_numpy(dtype=object) for i in values], axis=1).ravel()
    return Cells(
        cells.where,
        [*(cells.names[i] for i in kept), TIME, VALUE],
        [*repeated, time, pd.Series(numbers, dtype=object)],
        [line for line in cells.lines for _ in values],
        decimal=cells.decimal,
        notes=(*cells.notes, note),
    )
