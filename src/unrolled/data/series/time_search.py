"""Which column of a table tells the time."""

import re
from collections.abc import Sequence

import numpy as np

from unrolled.data.series.cells import Cells, texts_of
from unrolled.data.series.cycles import cycle_of
from unrolled.data.series.dates import SPREADSHEET
from unrolled.data.series.inference import infer_frequency
from unrolled.data.series.joined import first_columns, joined_columns, joined_texts
from unrolled.data.series.stamps import read_forms, read_given
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

NAMED = re.compile(
    r"(?i)(.*[ _.])?(date|date_?time|time|timestamp|stamp|ds|year|month|yearmon|yearmonth|week|quarter|"
    r"period|day|datum|jahr|monat|zeit|fecha|data|utc|local_?time)([ _.].*)?"
)
"""Names of columns whose plain numbers may be dates."""
COUNTED = re.compile(
    r"(?i)|unnamed: ?\d+|rownames?|row\.?names|index|no\.?|nr\.?|#|id|steps?|t|time|row|rownumber|obs|"
    r"observation"
)
"""Names of columns that number the rows."""


def find_time(cells: Cells, free: Sequence[str], form: str) -> tuple[str, ...]:
    """Return the columns that tell the time; none if there are none."""
    dated = [n for n in free if _is_dated(cells.column(n))]
    if form:
        dated = [
            n for n in free if read_given(texts_of(cells.column(n)), form).read > len(cells.lines) / 2
        ] or dated
    if dated:
        best = next((n for n in dated if len(dated) > 1 and _is_even(cells.column(n))), dated[0])
        clock = joined_columns(free, cells.column, best)
        return clock or (best,)
    parts = joined_columns(free, cells.column)
    if not parts and not cells.has_header:
        parts = next((p for p in first_columns(free, cells.column) if _make_even_times(cells, p)), ())
    if parts:
        return parts
    cycles = [n for n in free[:2] if cycle_of(texts_of(cells.column(n))) is not None]
    if cycles:
        return (cycles[0],)
    numbers = [n for n in free if _is_numeric_date(cells.column(n), named=bool(NAMED.fullmatch(n)))]
    return (numbers[0],) if numbers else ()


def _make_even_times(cells: Cells, names: Sequence[str]) -> bool:
    found = read_forms(joined_texts([texts_of(cells.column(n)) for n in names], names))
    values = found[0].values if found else pd.Series([pd.NaT])
    return bool(values.notna().all() and values.is_unique) and _is_even_index(
        pd.DatetimeIndex(values).sort_values()
    )


def _is_dated(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return True
    return not pd.api.types.is_numeric_dtype(column) and hold_dates(texts_of(column))


def hold_dates(texts: "pd.Series[str]") -> bool:
    """Tell whether most texts are dates, and no plain numbers."""
    sample = texts.dropna().iloc[: 5 * 300 : 5] if len(texts) > 1500 else texts.dropna()
    found = read_forms(sample, numbers=False)
    return bool(found) and found[0].read > 0.5 * len(sample)


def _is_even(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column):
        values = column
    else:
        found = read_forms(texts_of(column), numbers=False)
        values = found[0].values
    return infer_frequency([pd.DatetimeIndex(values.dropna().unique()).sort_values()]) is not None


def _is_numeric_date(column: pd.Series, *, named: bool) -> bool:
    """Tell whether plain numbers are dates: their column is named so, or they rise evenly row by row."""
    texts = texts_of(column)
    found = read_forms(texts.iloc[:3000])
    if not found or found[0].read < 0.95 * texts.iloc[:3000].nunique():
        return False
    if named:
        return True
    values = found[0].values.dropna()
    if found[0].form.name == SPREADSHEET:
        return False
    even = values.is_monotonic_increasing and values.is_unique and len(values) >= 8
    return even and _is_even_index(pd.DatetimeIndex(values))


def _is_even_index(index: pd.DatetimeIndex) -> bool:
    inferred = infer_frequency([index])
    if inferred is None or inferred.frequency is None:
        return False
    return int(inferred.frequency.resolve(index).places(index)[-1]) + 1 == len(index)


def counts_rows(column: pd.Series) -> bool:
    """Tell whether a column numbers the rows from 0 or 1."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return bool(len(values)) and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
