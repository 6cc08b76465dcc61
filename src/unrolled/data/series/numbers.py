"""Columns of numbers as people write them: missing marks, thousands, decimal signs, units."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from unrolled.data.series.series import Numbers
from unrolled.data.tables import Table, is_missing, is_number
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

_MARKS = r"[$€£¥₹₩₽%]|(?:USD|EUR|GBP|CHF|JPY|Rs\.?)(?![A-Za-z])"
_FACTORS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_SAMPLE = 2000


class NumberColumn(NamedTuple):
    """The numbers of a column, NaN where one is missing, and what was left out of its cells."""

    values: Numbers
    note: str = ""


def holds_numbers(cells: pd.Series) -> bool:
    """Tell whether most cells of a column are numbers, with or without a unit."""
    if pd.api.types.is_bool_dtype(cells):
        return False
    if pd.api.types.is_numeric_dtype(cells):
        return True
    if not (pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells)):
        return False
    filled = _texts(cells.iloc[:: max(1, len(cells) // _SAMPLE)])
    filled = filled[~_missing(filled)]
    if filled.empty:
        return False
    plain, _, _ = _without_units(filled)
    return sum(map(is_number, plain)) > len(plain) / 2


def read_numbers(cells: pd.Series, name: str, where: str, lines: list[int], decimal: str) -> NumberColumn:
    """Return the numbers of a column.

    Args:
        cells: text, numbers or None.
        name: of the column, for errors.
        where: names the table in errors.
        lines: of the file, of each row.
        decimal: the decimal sign; "" to take it from the column.

    Raises:
        DataError: if a cell is no number, or may be two.
    """
    if pd.api.types.is_numeric_dtype(cells):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return NumberColumn(_finite(values, cells, name, where, lines))
    texts = _texts(cells)
    missing = _missing(texts)
    values = pd.to_numeric(texts.mask(missing), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if decimal != "," and not (np.isnan(values) & ~missing.to_numpy()).any():
        return NumberColumn(_finite(values, cells, name, where, lines))
    plain, unit, factors = _without_units(texts.mask(missing, ""))
    table = Table(Path(where), [name], True, [[c] for c in plain], lines, decimal=decimal)
    note = f"column {name!r}: {unit!r} is left out" if unit else ""
    return NumberColumn(_finite(table.numbers(name) * factors, cells, name, where, lines), note)


def _texts(cells: pd.Series) -> pd.Series:
    return cells.map(lambda c: "" if c is None or c is pd.NA or c != c else str(c).strip()).astype(object)


def _missing(texts: pd.Series) -> pd.Series:
    return texts.map(is_missing).astype(bool)


def _without_units(texts: pd.Series) -> tuple[pd.Series, str, np.ndarray]:
    """Return numbers without the one unit that all of them have, the unit, and the factors of K, M and B.

    Amounts in parentheses are negative.
    """
    written = texts.astype(str)
    negative = written.str.match(r"^\(.*\)$")
    plain = written.where(~negative, "-" + written.str[1:-1])
    filled = plain != ""
    marks = plain[filled].str.extract(f"({_MARKS})")[0]
    unit = ""
    if filled.any() and marks.notna().all() and marks.nunique() == 1:
        unit = str(marks.iloc[0])
        plain = (
            plain.str.replace(unit, "", n=1, regex=False)
            .str.strip()
            .str.replace(r"^([-+])\s+", r"\1", regex=True)
        )
    ends = plain.str.extract(r"\d\s?([KMBT])$")[0]
    factors = np.ones(len(plain))
    if ends.notna().any():
        plain = plain.where(ends.isna(), plain.str[:-1].str.strip())
        factors = ends.map(_FACTORS).fillna(1.0).to_numpy(np.float64)
    spaced = plain.str.replace(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))", "", regex=True)
    return spaced, unit, factors


def _finite(values: Numbers, cells: pd.Series, name: str, where: str, lines: list[int]) -> Numbers:
    bad = np.isinf(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"{where}: line {lines[row]}: {cells.iloc[row]!r:.60} in column {name!r} is not a number (an "
            "empty cell is a missing one)"
        )
    return values
