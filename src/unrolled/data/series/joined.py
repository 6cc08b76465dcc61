"""A time in several columns: year, month, day and hour, or a date and a time of day."""

import re
from collections.abc import Callable, Sequence

from unrolled.data.series.cycles import MONTHS
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
"""Names in lower case of columns that hold a part of the time, the longest part first."""
RANGES = {
    "year": (1000, 2999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 24),
    "minute": (0, 59),
    "quarter": (1, 4),
    "week": (1, 53),
}
OF_YEAR = {
    "quarter": ("quarter", "qtr", "q", "quartal"),
    "week": ("week", "wk", "isoweek", "kw", "week_number"),
}
"""Names of columns that hold a part of a year other than the month."""
CLOCK = re.compile(r"(?i)(time|clock|uhrzeit|hour|hr|heure|hora)")
"""Names of columns that hold the time of day of a date."""
_TIME = r"\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?"


def joined_columns(
    free: Sequence[str], column: Callable[[str], pd.Series], date: str = ""
) -> tuple[str, ...]:
    """Return the columns that make one time: year, month, … without a gap; or ``date`` and its time of day.

    None if there are none.
    """
    if date:
        for name in free:
            if name != date and CLOCK.fullmatch(name) and _is_clock(column(name)):
                return (date, name)
        return ()
    found: list[str] = []
    for part, names in NAMES.items():
        name = next((n for n in free if n.strip().lower() in names and _is_part(column(n), part)), "")
        if not name:
            break
        found.append(name)
    if len(found) == 1:
        found += _of_year(free, column)
    return tuple(found) if len(found) > 1 else ()


def first_columns(free: Sequence[str], column: Callable[[str], pd.Series]) -> list[tuple[str, ...]]:
    """Return the first columns of a table without names that may be year, month, …; the most first."""
    longest = 0
    for name, part in zip(free, NAMES, strict=False):
        if not _is_part(column(name), part):
            break
        longest += 1
    return [tuple(free[:n]) for n in range(longest, 1, -1)]


def _of_year(free: Sequence[str], column: Callable[[str], pd.Series]) -> list[str]:
    for part, names in OF_YEAR.items():
        for name in free:
            if name.strip().lower() in names and _is_part(_without_letter(column(name)), part):
                return [name]
    return []


def _without_letter(cells: pd.Series) -> pd.Series:
    return cells.astype(str).str.strip().str.lstrip("QqWw")


def joined_texts(texts: Sequence["pd.Series[str]"], names: Sequence[str]) -> "pd.Series[str]":
    """Return one text of each row: a date, with a time of day if there is one."""
    if len(names) == 2 and _is_part(texts[0], "year"):
        second = names[1].strip().lower()
        for part, letter in (("quarter", "Q"), ("week", "-W")):
            if second in OF_YEAR[part]:
                return _whole(texts[0]) + letter + _whole(_without_letter(texts[1])).str.zfill(len(letter))
    elif len(names) == 2:
        date, clock = texts
        numbers = pd.to_numeric(clock, errors="coerce")
        whole = numbers.notna() & (numbers % 1 == 0)
        hours = numbers.where(whole, 0).astype(int).astype(str) + ":00"
        return date + " " + clock.astype(str).where(~whole, hours)
    parts = [
        t if i == 1 and not _is_part(t, "month", words=False) else _whole(t) for i, t in enumerate(texts)
    ]
    if len(parts) > 1:
        months = parts[1].str[:3].str.lower().map(MONTHS)
        parts[1] = parts[1].where(months.isna(), months.map(str))
    whole = parts[0]
    for part in parts[1:3]:
        whole = whole + "-" + part
    if len(parts) > 3:
        whole = whole + " " + parts[3] + ":" + (parts[4].str.zfill(2) if len(parts) > 4 else "00")
    return whole


def _whole(texts: pd.Series) -> pd.Series:
    """Return texts of whole numbers without a fraction of zero."""
    return texts.astype(str).str.replace(r"\.0+$", "", regex=True).where(texts.notna())


def _is_part(cells: pd.Series, part: str, *, words: bool = True) -> bool:
    numbers = pd.to_numeric(cells, errors="coerce")
    if part == "month" and words:
        numbers = numbers.fillna(cells.astype(str).str[:3].str.lower().map(MONTHS))
    low, high = RANGES[part]
    return bool(numbers.between(low, high).mean() > 0.95) and bool((numbers.dropna() % 1 == 0).all())


def _is_clock(cells: pd.Series) -> bool:
    written = cells.astype(str).str.strip().str.fullmatch(_TIME).mean() > 0.95
    return bool(written) or _is_part(cells, "hour")
