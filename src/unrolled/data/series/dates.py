"""Date formats, and a parser for each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.data.series.season_columns import NAMES_OF_MONTHS
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

EARLIEST, LATEST = 1, 9000
"""Range of years: Python's calendar ends with 9999, and forecasts need steps after the last time stamp."""
COMMON_YEARS = (1500, 2200)
"""Range of years in which a plain number may be a date."""
CENTURY = 30
"""Two-digit years from here on are 19xx, those below are 20xx."""
_MONTH = r"(?i:" + "|".join(NAMES_OF_MONTHS) + r")[a-zä]*\.?"
_BETWEEN = r"[-/. ,]*"


@dataclass(frozen=True)
class DateForm:
    """A date format, with or without the day."""

    name: str
    """strptime format, unit of unix time, or description."""
    pattern: str
    read: Callable[[pd.Series], pd.Series]
    """Parser of matching texts to datetime64; NaT for dates that do not exist."""
    number: bool = False
    """True if the text is a plain number, which might not be a date."""

    def count_matches(self, texts: Sequence[str]) -> int:
        """Return the number of texts that match the pattern; they may still be invalid dates."""
        pattern = re.compile(self.pattern)
        return sum(pattern.fullmatch(text) is not None for text in texts)

    def parse(self, texts: pd.Series) -> pd.Series:
        """Parse texts to datetime64[us]; NaT for texts in another format."""
        codes, unique = pd.factorize(texts)
        dates = pd.Series(unique, dtype=object)
        is_match = dates.str.fullmatch(self.pattern).fillna(value=False).astype(bool)
        parsed = self.read(dates[is_match]).astype("datetime64[us]").reindex(dates.index)
        first, last = COMMON_YEARS if self.number else (EARLIEST, LATEST)
        parsed = parsed.mask((parsed.dt.year < first) | (parsed.dt.year > last))
        return pd.Series(parsed.array.take(codes, allow_fill=True), index=texts.index)

    @property
    def option(self) -> str:
        """Value of ``--time-format``; empty for an unambiguous format without one."""
        return self.name if "%" in self.name or self.name in UNIX else ""


def _make_parser(pattern: str, order: str, months: str = "number") -> Callable[[pd.Series], pd.Series]:
    """Return a parser of dates; ``order`` gives the order of the groups year (y), month (m) and day (d)."""

    def read(texts: pd.Series) -> pd.Series:
        groups = texts.str.extract(f"^{pattern}$")
        parts = {letter: groups[i] for i, letter in enumerate(order)}
        year = pd.to_numeric(parts["y"])
        is_short = parts["y"].str.len() == 2
        year = year.where(~is_short, year + np.where(year < CENTURY, 2000, 1900))
        month = (
            parts["m"].str[:3].str.lower().map(NAMES_OF_MONTHS)
            if months == "name"
            else pd.to_numeric(parts["m"])
        )
        day = pd.to_numeric(parts["d"]) if "d" in parts else pd.Series(1, index=texts.index)
        return to_dates(year, month, day)

    return read


def to_dates(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    """Return datetime64 for year, month and day; NaT for days that do not exist."""
    is_valid = year.between(EARLIEST, LATEST) & month.between(1, 12) & day.between(1, 31)
    months = np.where(is_valid, (year - 1970) * 12 + month - 1, 0).astype(np.int64).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(is_valid, day - 1, 0).astype(np.int64)
    is_valid &= days.astype("datetime64[M]") == months
    return pd.Series(np.where(is_valid, days, np.datetime64("NaT")), index=year.index)


def _make_form(name: str, order: str, *parts: str, number: bool = False, months: str = "number") -> DateForm:
    """Return the date format whose pattern is the concatenation of ``parts``."""
    pattern = "".join(parts)
    without_groups = re.sub(r"\((?!\?)", "(?:", pattern)
    return DateForm(name, without_groups, _make_parser(pattern, order, months), number)


def _parse_quarters(texts: pd.Series) -> pd.Series:
    year = pd.to_numeric(texts.str.extract(r"(\d{4})")[0])
    quarter = pd.to_numeric(texts.str.extract(r"[Qq]([1-4])|^([1-4])[Qq]").bfill(axis=1)[0])
    return to_dates(year, quarter * 3 - 2, pd.Series(1, index=texts.index))


def _make_strptime(name: str) -> Callable[[pd.Series], pd.Series]:
    return lambda texts: pd.to_datetime(texts, format=name, errors="coerce")


def _parse_years(texts: pd.Series) -> pd.Series:
    one = pd.Series(1, index=texts.index)
    return to_dates(pd.to_numeric(texts.str[:4]), one, one)


def _parse_weeks(texts: pd.Series) -> pd.Series:
    parts = texts.str.extract(r"(\d{4})-?[Ww](\d{1,2})(?:-?([1-7]))?")
    iso_dates = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].fillna("1")
    return pd.to_datetime(iso_dates, format="%G-%V-%u", errors="coerce")


def _parse_numeric_weeks(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts + "1", format="%G%V%u", errors="coerce")


def _make_unix(unit: str) -> Callable[[pd.Series], pd.Series]:
    def read(texts: pd.Series) -> pd.Series:
        factor = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[unit]
        return pd.Series((pd.to_numeric(texts) * factor).round().astype("int64"), index=texts.index).astype(
            "datetime64[us]"
        )

    return read


def _parse_spreadsheet_days(texts: pd.Series) -> pd.Series:
    micro = (pd.to_numeric(texts) * 86_400).round().astype("int64") * 1_000_000
    return pd.Series(np.datetime64("1899-12-30", "us") + micro.to_numpy("timedelta64[us]"), index=texts.index)


def _parse_decimal_years(texts: pd.Series) -> pd.Series:
    """Parse decimal years: 1958.25 is April 1958. Rounding errors up to 1/20 of a month are tolerated."""
    number = pd.to_numeric(texts)
    year = np.floor(number + 1e-3)
    month = np.floor((number - year) * 12 + 0.05) + 1
    return to_dates(year, month, pd.Series(1, index=texts.index))


_Y, _y, _m, _d = r"(\d{4})", r"(\d{2})", r"(\d{1,2})", r"(\d{1,2})"
_NAME = f"({_MONTH})"
_DAYTH = r"(\d{1,2})(?:st|nd|rd|th)?"

UNIX = {"s": 10, "ms": 13, "us": 16, "ns": 19}
"""Units of unix time, with the number of digits of times from 2001 to 2286."""

SPREADSHEET = "spreadsheet days since 1899-12-30"
# Dots separate day, month and year, but never month, day and year.
FORMS = (
    *(_make_form(f"%Y{s}%m{s}%d", "ymd", _Y, re.escape(s), _m, re.escape(s), _d) for s in "-/. "),
    *(_make_form(f"%d{s}%m{s}%Y", "dmy", _d, re.escape(s), _m, re.escape(s), _Y) for s in "-/. "),
    *(_make_form(f"%m{s}%d{s}%Y", "mdy", _m, re.escape(s), _d, re.escape(s), _Y) for s in "-/ "),
    *(_make_form(f"%d{s}%m{s}%y", "dmy", _d, re.escape(s), _m, re.escape(s), _y) for s in "-/. "),
    *(_make_form(f"%m{s}%d{s}%y", "mdy", _m, re.escape(s), _d, re.escape(s), _y) for s in "-/ "),
    *(_make_form(f"%y{s}%m{s}%d", "ymd", _y, re.escape(s), _m, re.escape(s), _d) for s in "-/. "),
    *(_make_form(f"%Y{s}%m", "ym", _Y, re.escape(s), _m, number=s == ".") for s in "-/. "),
    *(_make_form(f"%m{s}%Y", "my", _m, re.escape(s), _Y, number=s == ".") for s in "-/. "),
    _make_form("day, month name, year", "dmy", _DAYTH, _BETWEEN, _NAME, _BETWEEN, _Y, months="name"),
    _make_form(
        "day, month name, two-digit year",
        "dmy",
        _DAYTH,
        _BETWEEN,
        _NAME,
        _BETWEEN,
        _y,
        months="name",
    ),
    _make_form("month name, day, year", "mdy", _NAME, _BETWEEN, _DAYTH, "[-/. ,]+", _Y, months="name"),
    _make_form("year, month name, day", "ymd", _Y, _BETWEEN, _NAME, _BETWEEN, _DAYTH, months="name"),
    _make_form("month name, year", "my", _NAME, _BETWEEN, _Y, months="name"),
    _make_form("month name, two-digit year", "my", _NAME, "[-/. ,']*", _y, months="name"),
    _make_form("year, month name", "ym", _Y, _BETWEEN, _NAME, months="name"),
    _make_form("year, M, month number", "ym", _Y, "[- ]?[Mm]", _m),
    DateForm(
        "year and quarter",
        r"\d{4}[-/. ]?[Qq][1-4]|[Qq][1-4][-/. ]?\d{4}|[1-4][Qq][-/. ]?\d{4}",
        _parse_quarters,
    ),
    DateForm("ISO week", r"\d{4}-?[Ww]\d{1,2}(?:-?[1-7])?", _parse_weeks),
    _make_form("%Y%m%d", "ymd", _Y, _y, _y, number=True),
    _make_form("%d%m%Y", "dmy", _y, _y, _Y, number=True),
    _make_form("%m%d%Y", "mdy", _y, _y, _Y, number=True),
    _make_form("%Y%m", "ym", _Y, _y, number=True),
    _make_form("%y%m%d", "ymd", _y, _y, _y, number=True),
    DateForm(
        "year and week, such as 200352", r"\d{4}(?:0[1-9]|[1-4]\d|5[0-3])", _parse_numeric_weeks, number=True
    ),
    DateForm("%Y", r"\d{4}(?:\.0+)?", _parse_years, number=True),
    DateForm("%Y-%j", r"\d{4}-\d{3}", _make_strptime("%Y-%j")),
    DateForm("%Y%m%d%H%M", r"\d{12}", _make_strptime("%Y%m%d%H%M"), number=True),
    DateForm("%Y%m%d%H%M%S", r"\d{14}", _make_strptime("%Y%m%d%H%M%S"), number=True),
    DateForm(
        "%Y%m%d%H",
        r"\d{10}",
        lambda t: pd.to_datetime(t + "00", format="%Y%m%d%H%M", errors="coerce"),
        number=True,
    ),
    *(DateForm(u, rf"\d{{{n}}}(?:\.\d+)?", _make_unix(u), number=True) for u, n in UNIX.items()),
    DateForm(SPREADSHEET, r"[1-6]\d{4}(?:\.\d+)?", _parse_spreadsheet_days, number=True),
    DateForm("decimal years", r"\d{4}(?:\.\d+)?", _parse_decimal_years, number=True),
)
