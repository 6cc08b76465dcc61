"""Find the time zone in which the time stamps of a table are evenly spaced."""

import zoneinfo
from typing import NamedTuple

import numpy as np

from unrolled.data.series.inference import infer_frequency
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

USUAL = (
    "Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago",
    "America/Denver", "America/Los_Angeles", "Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland",
    "America/Halifax", "America/Anchorage", "Asia/Jerusalem",
)  # fmt: skip
"""Zones with daylight saving time, tried before all others."""


class Zoned(NamedTuple):
    """Time stamps in their local time zone."""

    index: pd.DatetimeIndex
    zone: str
    """Name of the zone; empty for time stamps without one."""
    note: str = ""


def check_zone(name: str) -> None:
    """Raise ConfigError if the time zone does not exist."""
    try:
        pd.Timestamp("2000-01-01").tz_localize(name)
    except (ValueError, KeyError, zoneinfo.ZoneInfoNotFoundError):
        raise ConfigError(
            f"timezone={name!r}: is not a time zone; write one such as Europe/Berlin or UTC"
        ) from None


def local_times(wall: pd.DatetimeIndex, zone: str, groups: np.ndarray, where: str) -> pd.DatetimeIndex:
    """Interpret time stamps without a zone as local times of ``zone``.

    Args:
        wall: time stamps without a zone.
        zone: name of the time zone.
        groups: series of each row. If a series has a local time twice because the clocks go back, its first
            row with that time is the earlier one.
        where: name of the table in errors.

    Raises:
        DataError: if a local time does not exist because the clocks skip it.
    """
    check_zone(zone)
    order = pd.Series(0, index=range(len(wall)))
    first = (order.groupby([groups, wall.asi8]).cumcount() == 0).to_numpy()
    index = wall.tz_localize(zone, ambiguous=first, nonexistent="NaT")
    if index.hasnans:
        skipped = wall[index.isna()][0]
        raise DataError(
            f"{where}: {skipped} does not exist in {zone}, whose clocks skip it: the time stamps are not "
            "local times of that zone; give another timezone, or none"
        )
    return index


def convert_to_even_zone(instants: pd.DatetimeIndex, offsets: "pd.Series[pd.Timedelta] | None") -> Zoned:
    """Convert time stamps to the zone in which they are evenly spaced.

    Args:
        instants: time stamps with a zone, in any order.
        offsets: UTC offset given with each time stamp; None keeps the zone of ``instants`` if they are evenly
            spaced in it.

    Raises:
        DataError: if the offsets vary and match no zone.
    """
    if offsets is not None and offsets.nunique() > 1:
        name = _find_zone(instants, offsets)
        if not name:
            raise DataError(
                "the UTC offsets of the time stamps match no single time zone; give it: timezone="
            )
        return Zoned(instants.tz_convert(name), name, f"time zone {name}, from the offsets (--timezone)")
    if offsets is not None and len(offsets) and offsets.iloc[0] != pd.Timedelta(0):
        hours = offsets.iloc[0] / pd.Timedelta("1h")
        sign, minutes = "-" if hours < 0 else "+", abs(round(hours * 60))
        instants = instants.tz_convert(f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}")
    if infer_frequency([_sorted(instants)]) is None:
        for name in USUAL:
            local = instants.tz_convert(name)
            if (local == local.normalize()).all() and infer_frequency([_sorted(local)]) is not None:
                return Zoned(local, name, f"time zone {name}, in which the time stamps are even (--timezone)")
    return Zoned(instants, str(instants.tz))


def _find_zone(instants: pd.DatetimeIndex, offsets: "pd.Series[pd.Timedelta]") -> str:
    target = offsets.to_numpy()
    utc = instants.tz_convert(None)
    sample = np.unique(np.linspace(0, len(instants) - 1, min(len(instants), 500)).astype(int))
    for name in (*USUAL, *sorted(zoneinfo.available_timezones())):
        sample_offsets = instants[sample].tz_convert(name).tz_localize(None) - utc[sample]
        if (sample_offsets.to_numpy() == target[sample]).all():
            zone_offsets = instants.tz_convert(name).tz_localize(None) - utc
            if (zone_offsets.to_numpy() == target).all():
                return name
    return ""


def _sorted(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return index.unique().sort_values()
