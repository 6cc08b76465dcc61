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
RANGES = {"year": (1000, 2999), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 59)}
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
    return tuple(found) if len(found) > 1 else ()


def joined_texts(texts: Sequence["pd.Series[str]"], names: Sequence[str]) -> "pd.Series[str]":
    """Return one text of each row: a date, with a time of day if there is one."""
    if len(names) == 2 and not _is_part(texts[0], "year"):
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
