"""Read columns of numbers that may have thousands separators, decimal commas, units, and "n/a" cells."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from unrolled.arrays import Numbers
from unrolled.data.tables import Table, is_missing, is_number
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

_UNITS = r"[$€£¥₹₩₽%]|(?:USD|EUR|GBP|CHF|JPY|Rs\.?)(?![A-Za-z])"
_SUFFIX_FACTORS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_MAX_SAMPLED = 2000


class NumberColumn(NamedTuple):
    """Numbers of a column, NaN for missing ones, and a note on the unit that was removed."""

    values: Numbers
    unit_note: str = ""


def holds_numbers(cells: pd.Series) -> bool:
    """Return whether most cells of a column are numbers, with or without a unit."""
    if pd.api.types.is_bool_dtype(cells):
        return False
    if pd.api.types.is_numeric_dtype(cells):
        return True
    if not (pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells)):
        return False
    filled = _to_texts(cells.iloc[:: max(1, len(cells) // _MAX_SAMPLED)])
    filled = filled[~_is_missing(filled)]
    if filled.empty:
        return False
    plain, _, _ = _strip_units(filled)
    return sum(map(is_number, plain)) > len(plain) / 2


def read_numbers(
    cells: pd.Series, name: str, table_name: str, lines: list[int], decimal: str
) -> NumberColumn:
    """Return the numbers of a column.

    Args:
        cells: texts, numbers or None.
        name: name of the column in errors.
        table_name: name of the table in errors.
        lines: line of each row in the file.
        decimal: decimal sign; "" to detect it from the column.

    Raises:
        DataError: if a cell is not a number, or is ambiguous.
    """
    if pd.api.types.is_numeric_dtype(cells):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return NumberColumn(_check_finite(values, cells, name, table_name, lines))
    texts = _to_texts(cells)
    missing = _is_missing(texts)
    values = pd.to_numeric(texts.mask(missing), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if decimal != "," and not (np.isnan(values) & ~missing.to_numpy()).any():
        return NumberColumn(_check_finite(values, cells, name, table_name, lines))
    plain, unit, factors = _strip_units(texts.mask(missing, ""))
    table = Table(Path(table_name), [name], True, [[c] for c in plain], lines, decimal=decimal)
    unit_note = f"column {name!r}: {unit!r} is left out" if unit else ""
    return NumberColumn(
        _check_finite(table.numbers(name) * factors, cells, name, table_name, lines), unit_note
    )


def _to_texts(cells: pd.Series) -> pd.Series:
    return cells.map(lambda c: "" if c is None or c is pd.NA or c != c else str(c).strip()).astype(object)


def _is_missing(texts: pd.Series) -> pd.Series:
    return texts.map(is_missing).astype(bool)


def _strip_units(texts: pd.Series) -> tuple[pd.Series, str, np.ndarray]:
    """Remove units, and the suffixes K, M, B and T, from the texts of numbers.

    Numbers in parentheses are negative. Returns the numbers as texts, the unit that all have in common ("" if
    there is none), and the factor of each number's suffix.
    """
    original = texts.astype(str)
    negative = original.str.match(r"^\(.*\)$")
    plain = original.where(~negative, "-" + original.str[1:-1])
    filled = plain != ""
    units = plain[filled].str.extract(f"({_UNITS})")[0]
    unit = ""
    if filled.any() and units.notna().all() and units.nunique() == 1:
        unit = str(units.iloc[0])
        plain = (
            plain.str.replace(unit, "", n=1, regex=False)
            .str.strip()
            .str.replace(r"^([-+])\s+", r"\1", regex=True)
        )
    suffixes = plain.str.extract(r"\d\s?([KMBT])$")[0]
    factors = np.ones(len(plain))
    if suffixes.notna().any():
        plain = plain.where(suffixes.isna(), plain.str[:-1].str.strip())
        factors = suffixes.map(_SUFFIX_FACTORS).fillna(1.0).to_numpy(np.float64)
    without_separators = plain.str.replace(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))", "", regex=True)
    return without_separators, unit, factors


def _check_finite(values: Numbers, cells: pd.Series, name: str, table_name: str, lines: list[int]) -> Numbers:
    bad = np.isinf(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"{table_name}: line {lines[row]}: {cells.iloc[row]!r:.60} in column {name!r} is not finite "
            "(leave missing numbers empty)"
        )
    return values
