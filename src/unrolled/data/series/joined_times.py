"""Join times in several columns: year, month, day and hour, or a date and a time of day."""

import re
from collections.abc import Callable, Sequence

from unrolled.data.series.season_columns import MONTHS
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

NAMES = {
    "year": ("year", "yr", "jahr", "yyyy"),
    "month": ("month", "mon", "mo", "monat", "mm"),
    "day": ("day", "dd", "tag", "dayofmonth", "day_of_month", "dom"),
    "hour": ("hour", "hr", "hh", "stunde", "hours"),
    "minute": ("minute", "min", "minutes"),
}
"""Lower-case names of columns with a part of the time, from year to minute."""
RANGES = {
    "year": (1000, 2999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 24),
    "minute": (0, 59),
    "quarter": (1, 4),
    "week": (1, 53),
}
"""Lowest and highest value of each part of the time."""
OF_YEAR = {
    "quarter": ("quarter", "qtr", "q", "quartal"),
    "week": ("week", "wk", "isoweek", "kw", "week_number"),
}
"""Lower-case names of columns with a part of the year other than the month."""
CLOCK = re.compile(r"(?i)(time|clock|uhrzeit|hour|hr|heure|hora)")
"""Names of columns with the time of day."""
_TIME = r"\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?"


def find_joined_columns(
    free: Sequence[str], column: Callable[[str], pd.Series], date: str = ""
) -> tuple[str, ...]:
    """Return the columns that form the time: year, month, … without a gap; or ``date`` and its time of day.

    Return () if there are none.
    """
    if date:
        for name in free:
            if name != date and CLOCK.fullmatch(name) and _is_clock(column(name)):
                return (date, name)
        return ()
    columns: list[str] = []
    for part, names in NAMES.items():
        name = next((n for n in free if n.strip().lower() in names and _is_part(column(n), part)), "")
        if not name:
            break
        columns.append(name)
    if len(columns) == 1:
        columns += _find_part_of_year(free, column)
    return tuple(columns) if len(columns) > 1 else ()


def candidate_first_columns(free: Sequence[str], column: Callable[[str], pd.Series]) -> list[tuple[str, ...]]:
    """Return the leading columns of a headerless table that may be year, month, …, longest choice first."""
    longest = 0
    for name, part in zip(free, NAMES, strict=False):
        if not _is_part(column(name), part):
            break
        longest += 1
    return [tuple(free[:n]) for n in range(longest, 1, -1)]


def _find_part_of_year(free: Sequence[str], column: Callable[[str], pd.Series]) -> list[str]:
    for part, names in OF_YEAR.items():
        for name in free:
            if name.strip().lower() in names and _is_part(_strip_letter(column(name)), part):
                return [name]
    return []


def _strip_letter(cells: pd.Series) -> pd.Series:
    return cells.astype(str).str.strip().str.lstrip("QqWw")


def join_texts(texts: Sequence["pd.Series[str]"], names: Sequence[str]) -> "pd.Series[str]":
    """Return one text per row: the date, and the time of day if there is one."""
    if len(names) == 2 and _is_part(texts[0], "year"):
        second = names[1].strip().lower()
        for part, letter in (("quarter", "Q"), ("week", "-W")):
            if second in OF_YEAR[part]:
                return (
                    _strip_fraction(texts[0])
                    + letter
                    + _strip_fraction(_strip_letter(texts[1])).str.zfill(len(letter))
                )
    elif len(names) == 2:
        date, clock = texts
        numbers = pd.to_numeric(clock, errors="coerce")
        is_whole = numbers.notna() & (numbers % 1 == 0)
        hours = numbers.where(is_whole, 0).astype(int).astype(str) + ":00"
        return date + " " + clock.astype(str).where(~is_whole, hours)
    parts = [
        t if i == 1 and not _is_part(t, "month", words=False) else _strip_fraction(t)
        for i, t in enumerate(texts)
    ]
    if len(parts) > 1:
        months = parts[1].str[:3].str.lower().map(MONTHS)
        parts[1] = parts[1].where(months.isna(), months.map(str))
    joined = parts[0]
    for part in parts[1:3]:
        joined = joined + "-" + part
    if len(parts) > 3:
        joined = joined + " " + parts[3] + ":" + (parts[4].str.zfill(2) if len(parts) > 4 else "00")
    return joined


def _strip_fraction(texts: pd.Series) -> pd.Series:
    """Remove ".0" from the texts of whole numbers."""
    return texts.astype(str).str.replace(r"\.0+$", "", regex=True).where(texts.notna())


def _is_part(cells: pd.Series, part: str, *, words: bool = True) -> bool:
    numbers = pd.to_numeric(cells, errors="coerce")
    if part == "month" and words:
        numbers = numbers.fillna(cells.astype(str).str[:3].str.lower().map(MONTHS))
    low, high = RANGES[part]
    return bool(numbers.between(low, high).mean() > 0.95) and bool((numbers.dropna() % 1 == 0).all())


def _is_clock(cells: pd.Series) -> bool:
    fraction = cells.astype(str).str.strip().str.fullmatch(_TIME).mean()
    return bool(fraction > 0.95) or _is_part(cells, "hour")
