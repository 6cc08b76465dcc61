"""Split the text of time stamps into date, time of day and offset from UTC."""

from typing import NamedTuple

import numpy as np

from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

_STAMP = (
    r"^(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
    r"(?P<date>.+?)"
    r"(?:(?:\s*[Tt]\s*|,?\s+)"
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$"
)


class Clock(NamedTuple):
    """Date, time of day and UTC offset of each time stamp of a column."""

    dates: "pd.Series[str]"
    """Text without the time of day; NaN if empty."""
    time: "pd.Series[pd.Timedelta]"
    """Time of day; 24:00 is the end of the day. NaT if invalid."""
    offset: "pd.Series[pd.Timedelta]"
    """Offset from UTC; NaT if none is given."""
    timed: bool
    """True if any time stamp has a time of day."""


def split_stamps(texts: "pd.Series[str]") -> Clock:
    """Split time stamps of the form DATE, DATE TIME or DATE TIME ZONE."""
    parts = texts.str.extract(_STAMP)
    # A time needs minutes or am/pm: the last number of "31 12 2003" is not an hour.
    bare_hour = parts["hour"].notna() & parts["minute"].isna() & parts["half"].isna()
    iso = bare_hour & texts.str.contains(r"\d[Tt]\d", regex=True, na=False)
    parts.loc[bare_hour & ~iso, "date"] = texts[bare_hour & ~iso]
    parts.loc[bare_hour & ~iso, ["hour", "half", "zone"]] = np.nan
    if not parts["hour"].notna().any():
        zero = pd.Series(np.zeros(len(texts), "timedelta64[us]"), index=texts.index)
        return Clock(parts["date"], zero, zero.mask(zero == zero), timed=False)
    return Clock(parts["date"], _parse_time(parts), _parse_offset(parts["zone"]), timed=True)


def _parse_time(parts: pd.DataFrame) -> "pd.Series[pd.Timedelta]":
    number = {n: pd.to_numeric(parts[n]).fillna(0) for n in ("hour", "minute", "second")}
    hour = number["hour"]
    half = parts["half"].str.lower().str[:1]
    twelve_hour = half.notna()
    invalid = (twelve_hour & ((hour < 1) | (hour > 12))) | (hour > 24) | (number["minute"] > 59)
    invalid |= (hour == 24) & (number["minute"] + number["second"] > 0)
    hour = hour.where(~twelve_hour, hour % 12 + 12 * (half == "p"))
    micro = pd.to_numeric(parts["part"].str.ljust(9, "0")).fillna(0) // 1000
    seconds = hour * 3600 + number["minute"] * 60 + number["second"]
    total = (seconds * 1_000_000 + micro).astype("int64")
    return pd.Series(pd.to_timedelta(total, unit="us"), index=parts.index).mask(invalid)


def _parse_offset(zones: "pd.Series[str]") -> "pd.Series[pd.Timedelta]":
    signed = zones.str.extract(r"^([+-])(\d{2}):?(\d{2})?$")
    minutes = pd.to_numeric(signed[1]) * 60 + pd.to_numeric(signed[2]).fillna(0)
    minutes = minutes * np.where(signed[0] == "-", -1, 1)
    minutes = minutes.mask(zones.isin(["Z", "UTC", "GMT"]), 0)
    return pd.Series(pd.to_timedelta(minutes * 60_000_000, unit="us"), index=zones.index)
