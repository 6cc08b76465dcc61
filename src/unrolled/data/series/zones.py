"""Time zones: the one in which the time stamps of a table are even."""

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
"""Zones whose clocks change, tried before all others."""


class Zoned(NamedTuple):
    """Time stamps in the zone of their days and hours."""

    index: pd.DatetimeIndex
    zone: str
    """Its name; empty for stamps without one."""
    note: str = ""


def check_zone(name: str) -> None:
    """Raise ConfigError if there is no such time zone."""
    try:
        pd.Timestamp("2000-01-01").tz_localize(name)
    except (ValueError, KeyError, zoneinfo.ZoneInfoNotFoundError):
        raise ConfigError(f"timezone={name!r}: is no time zone; write one as Europe/Berlin or UTC") from None


def local_times(wall: pd.DatetimeIndex, zone: str, groups: np.ndarray, where: str) -> pd.DatetimeIndex:
    """Return stamps without a zone as local times of ``zone``.

    An hour that the clocks repeat is the first where it occurs first among rows of one group.

    Raises:
        DataError: if a local time does not exist, since the clocks skip it.
    """
    check_zone(zone)
    order = pd.Series(0, index=range(len(wall)))
    first = (order.groupby([groups, wall.asi8]).cumcount() == 0).to_numpy()
    index = wall.tz_localize(zone, ambiguous=first, nonexistent="NaT")
    if index.hasnans:
        skipped = wall[index.isna()][0]
        raise DataError(
            f"{where}: {skipped} does not exist in {zone}, whose clocks skip it: the stamps are no local "
            "times of that zone; give another timezone, or none"
        )
    return index


def even_zone(instants: pd.DatetimeIndex, offsets: "pd.Series[pd.Timedelta] | None") -> Zoned:
    """Return instants in the zone in which they are even.

    Args:
        instants: with a zone, in any order.
        offsets: from UTC, as they were written; None keeps the zone of the instants if they are even in it.

    Raises:
        DataError: if the offsets change and are those of no zone.
    """
    if offsets is not None and offsets.nunique() > 1:
        name = _zone_with(instants, offsets)
        if not name:
            raise DataError(
                "the offsets of the time stamps from UTC are those of no one time zone; give it: timezone="
            )
        return Zoned(instants.tz_convert(name), name, f"time zone {name}, from the offsets (--timezone)")
    if offsets is not None and len(offsets) and offsets.iloc[0] != pd.Timedelta(0):
        hours = offsets.iloc[0] / pd.Timedelta("1h")
        sign, whole = "-" if hours < 0 else "+", abs(round(hours * 60))
        instants = instants.tz_convert(f"UTC{sign}{whole // 60:02d}:{whole % 60:02d}")
    if infer_frequency([_sorted(instants)]) is None:
        for name in USUAL:
            local = instants.tz_convert(name)
            if (local == local.normalize()).all() and infer_frequency([_sorted(local)]) is not None:
                return Zoned(local, name, f"time zone {name}, in which the stamps are even (--timezone)")
    return Zoned(instants, str(instants.tz))


def _zone_with(instants: pd.DatetimeIndex, offsets: "pd.Series[pd.Timedelta]") -> str:
    wanted = offsets.to_numpy()
    utc = instants.tz_convert(None)
    some = np.unique(np.linspace(0, len(instants) - 1, min(len(instants), 500)).astype(int))
    for name in (*USUAL, *sorted(zoneinfo.available_timezones())):
        ours = instants[some].tz_convert(name).tz_localize(None) - utc[some]
        if (ours.to_numpy() == wanted[some]).all():
            whole = instants.tz_convert(name).tz_localize(None) - utc
            if (whole.to_numpy() == wanted).all():
                return name
    return ""


def _sorted(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return index.unique().sort_values()
