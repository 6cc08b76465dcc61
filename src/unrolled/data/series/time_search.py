"""Find the columns of a table that contain the time."""

import re
from collections.abc import Sequence

import numpy as np

from unrolled.data.series.cells import Cells, texts_of
from unrolled.data.series.dates import SPREADSHEET
from unrolled.data.series.inference import infer_frequency
from unrolled.data.series.joined_times import candidate_first_columns, find_joined_columns, join_texts
from unrolled.data.series.season_columns import detect_cycle
from unrolled.data.series.stamps import parse_with_format, read_forms
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
    """Return the columns that contain the time; () if there are none."""
    dated = [n for n in free if _is_dated(cells.column(n))]
    if form:
        dated = [
            n for n in free if parse_with_format(texts_of(cells.column(n)), form).count > len(cells.lines) / 2
        ] or dated
    if dated:
        best = next((n for n in dated if len(dated) > 1 and _is_even(cells.column(n))), dated[0])
        clock = find_joined_columns(free, cells.column, best)
        return clock or (best,)
    parts = find_joined_columns(free, cells.column)
    if not parts and not cells.has_header:
        parts = next(
            (p for p in candidate_first_columns(free, cells.column) if _forms_even_times(cells, p)), ()
        )
    if parts:
        return parts
    cycles = [n for n in free[:2] if detect_cycle(texts_of(cells.column(n))) is not None]
    if cycles:
        return (cycles[0],)
    numbers = [n for n in free if _is_numeric_date(cells.column(n), named=bool(NAMED.fullmatch(n)))]
    return (numbers[0],) if numbers else ()


def _forms_even_times(cells: Cells, names: Sequence[str]) -> bool:
    readings = read_forms(join_texts([texts_of(cells.column(n)) for n in names], names))
    values = readings[0].values if readings else pd.Series([pd.NaT])
    return bool(values.notna().all() and values.is_unique) and _is_even_index(
        pd.DatetimeIndex(values).sort_values()
    )


def _is_dated(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return True
    return not pd.api.types.is_numeric_dtype(column) and are_dates(texts_of(column))


def are_dates(texts: "pd.Series[str]") -> bool:
    """Return whether most texts are dates that are not plain numbers."""
    sample = texts.dropna().iloc[: 5 * 300 : 5] if len(texts) > 1500 else texts.dropna()
    readings = read_forms(sample, numbers=False)
    return bool(readings) and readings[0].count > 0.5 * len(sample)


def _is_even(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column):
        values = column
    else:
        values = read_forms(texts_of(column), numbers=False)[0].values
    return infer_frequency([pd.DatetimeIndex(values.dropna().unique()).sort_values()]) is not None


def _is_numeric_date(column: pd.Series, *, named: bool) -> bool:
    """Return whether plain numbers are dates: the column has such a name, or they rise evenly."""
    texts = texts_of(column)
    readings = read_forms(texts.iloc[:3000])
    if not readings or readings[0].count < 0.95 * texts.iloc[:3000].nunique():
        return False
    if named:
        return True
    values = readings[0].values.dropna()
    if readings[0].form.name == SPREADSHEET:
        return False
    even = values.is_monotonic_increasing and values.is_unique and len(values) >= 8
    return even and _is_even_index(pd.DatetimeIndex(values))


def _is_even_index(index: pd.DatetimeIndex) -> bool:
    inferred = infer_frequency([index])
    if inferred is None or inferred.frequency is None:
        return False
    return int(inferred.frequency.resolve(index).positions(index)[-1]) + 1 == len(index)


def is_row_number(column: pd.Series) -> bool:
    """Return whether a column numbers the rows from 0 or 1."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return bool(len(values)) and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
