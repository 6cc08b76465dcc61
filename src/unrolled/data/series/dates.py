"""Forms of dates: how each is written, and how it is read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.data.series.cycles import NAMES_OF_MONTHS
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

EARLIEST, LATEST = 1, 9000
"""Years of time stamps: Python's calendar ends with 9999, and steps beyond the last stamp are forecast."""
COMMON_YEARS = (1500, 2200)
"""Years of a number that may be a date or something else."""
CENTURY = 30
"""Two digits from here on are years of 19xx, those below are 20xx."""
_MONTH = r"(?i:" + "|".join(NAMES_OF_MONTHS) + r")[a-zä]*\.?"
_BETWEEN = r"[-/. ,]*"


@dataclass(frozen=True)
class DateForm:
    """One way to write a date, with or without its day."""

    name: str
    """A strptime form, a unit of unix time, or words."""
    pattern: str
    read: Callable[[pd.Series], pd.Series]
    """Return datetime64 of texts that the pattern matches; NaT where there is no such date."""
    number: bool = False
    """The text is a plain number, which may be something else."""

    def matches(self, texts: Sequence[str]) -> int:
        """Return how many texts are written so; some of them may be no dates."""
        pattern = re.compile(self.pattern)
        return sum(pattern.fullmatch(text) is not None for text in texts)

    def parse(self, texts: pd.Series) -> pd.Series:
        """Return datetime64[us] of texts; NaT where one is not of this form."""
        codes, unique = pd.factorize(texts)
        dates = pd.Series(unique, dtype=object)
        fits = dates.str.fullmatch(self.pattern).fillna(value=False).astype(bool)
        found = self.read(dates[fits]).astype("datetime64[us]").reindex(dates.index)
        first, last = COMMON_YEARS if self.number else (EARLIEST, LATEST)
        found = found.mask((found.dt.year < first) | (found.dt.year > last))
        return pd.Series(found.array.take(codes, allow_fill=True), index=texts.index)

    @property
    def stored(self) -> str:
        """The name as ``--time-format`` takes it; empty for a form that can be no other."""
        return self.name if "%" in self.name or self.name in UNIX else ""


def _of_parts(pattern: str, order: str, months: str = "number") -> Callable[[pd.Series], pd.Series]:
    """Return a reader of dates whose groups are year, month and day in the ``order`` of these letters."""

    def read(texts: pd.Series) -> pd.Series:
        groups = texts.str.extract(f"^{pattern}$")
        parts = {letter: groups[i] for i, letter in enumerate(order)}
        year = pd.to_numeric(parts["y"])
        two = parts["y"].str.len() == 2
        year = year.where(~two, year + np.where(year < CENTURY, 2000, 1900))
        month = (
            parts["m"].str[:3].str.lower().map(NAMES_OF_MONTHS)
            if months == "name"
            else pd.to_numeric(parts["m"])
        )
        day = pd.to_numeric(parts["d"]) if "d" in parts else pd.Series(1, index=texts.index)
        return to_dates(year, month, day)

    return read


def to_dates(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    """Return datetime64 of numbers; NaT where there is no such day."""
    good = year.between(EARLIEST, LATEST) & month.between(1, 12) & day.between(1, 31)
    whole = np.where(good, (year - 1970) * 12 + month - 1, 0).astype(np.int64).astype("datetime64[M]")
    days = whole.astype("datetime64[D]") + np.where(good, day - 1, 0).astype(np.int64)
    good &= days.astype("datetime64[M]") == whole
    return pd.Series(np.where(good, days, np.datetime64("NaT")), index=year.index)


def _form(name: str, order: str, *parts: str, number: bool = False, months: str = "number") -> DateForm:
    """Return the form whose pattern joins the parts."""
    pattern = "".join(parts)
    plain = re.sub(r"\((?!\?)", "(?:", pattern)
    return DateForm(name, plain, _of_parts(pattern, order, months), number)


def _quarters(texts: pd.Series) -> pd.Series:
    year = pd.to_numeric(texts.str.extract(r"(\d{4})")[0])
    quarter = pd.to_numeric(texts.str.extract(r"[Qq]([1-4])|^([1-4])[Qq]").bfill(axis=1)[0])
    return to_dates(year, quarter * 3 - 2, pd.Series(1, index=texts.index))


def _strptime(name: str) -> Callable[[pd.Series], pd.Series]:
    return lambda texts: pd.to_datetime(texts, format=name, errors="coerce")


def _years(texts: pd.Series) -> pd.Series:
    one = pd.Series(1, index=texts.index)
    return to_dates(pd.to_numeric(texts.str[:4]), one, one)


def _weeks(texts: pd.Series) -> pd.Series:
    parts = texts.str.extract(r"(\d{4})-?[Ww](\d{1,2})(?:-?([1-7]))?")
    whole = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].fillna("1")
    return pd.to_datetime(whole, format="%G-%V-%u", errors="coerce")


def _weeks_of_numbers(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts + "1", format="%G%V%u", errors="coerce")


def _unix(unit: str) -> Callable[[pd.Series], pd.Series]:
    def read(texts: pd.Series) -> pd.Series:
        factor = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[unit]
        return pd.Series((pd.to_numeric(texts) * factor).round().astype("int64"), index=texts.index).astype(
            "datetime64[us]"
        )

    return read


def _spreadsheet_days(texts: pd.Series) -> pd.Series:
    micro = (pd.to_numeric(texts) * 86_400).round().astype("int64") * 1_000_000
    return pd.Series(np.datetime64("1899-12-30", "us") + micro.to_numpy("timedelta64[us]"), index=texts.index)


def _parts_of_years(texts: pd.Series) -> pd.Series:
    """Read 1958.25 as April 1958: a month holds the twelfth that begins in it, within a hundredth."""
    number = pd.to_numeric(texts)
    year = np.floor(number + 1e-3)
    month = np.floor((number - year) * 12 + 0.05) + 1
    return to_dates(year, month, pd.Series(1, index=texts.index))


_Y, _y, _m, _d = r"(\d{4})", r"(\d{2})", r"(\d{1,2})", r"(\d{1,2})"
_NAME = f"({_MONTH})"
_DAYTH = r"(\d{1,2})(?:st|nd|rd|th)?"

UNIX = {"s": 10, "ms": 13, "us": 16, "ns": 19}
"""Units of unix time and digits of the stamps from 2001 to 2286."""

# Dots are between day, month and year, never between month, day and year.
SPREADSHEET = "days of a spreadsheet since 1899-12-30"
FORMS = (
    *(_form(f"%Y{s}%m{s}%d", "ymd", _Y, re.escape(s), _m, re.escape(s), _d) for s in "-/. "),
    *(_form(f"%d{s}%m{s}%Y", "dmy", _d, re.escape(s), _m, re.escape(s), _Y) for s in "-/. "),
    *(_form(f"%m{s}%d{s}%Y", "mdy", _m, re.escape(s), _d, re.escape(s), _Y) for s in "-/ "),
    *(_form(f"%d{s}%m{s}%y", "dmy", _d, re.escape(s), _m, re.escape(s), _y) for s in "-/. "),
    *(_form(f"%m{s}%d{s}%y", "mdy", _m, re.escape(s), _d, re.escape(s), _y) for s in "-/ "),
    *(_form(f"%y{s}%m{s}%d", "ymd", _y, re.escape(s), _m, re.escape(s), _d) for s in "-/. "),
    *(_form(f"%Y{s}%m", "ym", _Y, re.escape(s), _m, number=s == ".") for s in "-/. "),
    *(_form(f"%m{s}%Y", "my", _m, re.escape(s), _Y, number=s == ".") for s in "-/. "),
    _form("day, name of the month, year", "dmy", _DAYTH, _BETWEEN, _NAME, _BETWEEN, _Y, months="name"),
    _form(
        "day, name of the month, year of two digits",
        "dmy",
        _DAYTH,
        _BETWEEN,
        _NAME,
        _BETWEEN,
        _y,
        months="name",
    ),
    _form("name of the month, day, year", "mdy", _NAME, _BETWEEN, _DAYTH, "[-/. ,]+", _Y, months="name"),
    _form("year, name of the month, day", "ymd", _Y, _BETWEEN, _NAME, _BETWEEN, _DAYTH, months="name"),
    _form("name of the month, year", "my", _NAME, _BETWEEN, _Y, months="name"),
    _form("name of the month, year of two digits", "my", _NAME, "[-/. ,']*", _y, months="name"),
    _form("year, name of the month", "ym", _Y, _BETWEEN, _NAME, months="name"),
    _form("year, M, number of the month", "ym", _Y, "[- ]?[Mm]", _m),
    DateForm(
        "year and quarter", r"\d{4}[-/. ]?[Qq][1-4]|[Qq][1-4][-/. ]?\d{4}|[1-4][Qq][-/. ]?\d{4}", _quarters
    ),
    DateForm("ISO week", r"\d{4}-?[Ww]\d{1,2}(?:-?[1-7])?", _weeks),
    _form("%Y%m%d", "ymd", _Y, _y, _y, number=True),
    _form("%d%m%Y", "dmy", _y, _y, _Y, number=True),
    _form("%m%d%Y", "mdy", _y, _y, _Y, number=True),
    _form("%Y%m", "ym", _Y, _y, number=True),
    _form("%y%m%d", "ymd", _y, _y, _y, number=True),
    DateForm("year and week, as 200352", r"\d{4}(?:0[1-9]|[1-4]\d|5[0-3])", _weeks_of_numbers, number=True),
    DateForm("%Y", r"\d{4}(?:\.0+)?", _years, number=True),
    DateForm("%Y-%j", r"\d{4}-\d{3}", _strptime("%Y-%j")),
    DateForm("%Y%m%d%H%M", r"\d{12}", _strptime("%Y%m%d%H%M"), number=True),
    DateForm("%Y%m%d%H%M%S", r"\d{14}", _strptime("%Y%m%d%H%M%S"), number=True),
    DateForm(
        "%Y%m%d%H",
        r"\d{10}",
        lambda t: pd.to_datetime(t + "00", format="%Y%m%d%H%M", errors="coerce"),
        number=True,
    ),
    *(DateForm(u, rf"\d{{{n}}}(?:\.\d+)?", _unix(u), number=True) for u, n in UNIX.items()),
    DateForm(SPREADSHEET, r"[1-6]\d{4}(?:\.\d+)?", _spreadsheet_days, number=True),
    DateForm("years with a fraction", r"\d{4}(?:\.\d+)?", _parts_of_years, number=True),
)
