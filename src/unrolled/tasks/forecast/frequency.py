"""What suits the distance of a series' steps: its usual seasons, horizon and calendar features."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

HOUR, DAY = 3600.0, 86400.0
WEEKDAYS = 5

Calendar = Literal["hour", "weekday", "month", "day-of-year"]


@dataclass(frozen=True)
class Usual:
    """Usual horizon, seasons and calendar features for one length of a step."""

    name: str
    """Of a step."""
    horizon: int
    """Steps to forecast."""
    seasons: tuple[int, ...] = ()
    """Steps of the seasons that may be there."""
    calendar: tuple[tuple[Calendar, float], ...] = ()
    """Features of the time stamps, and the days after which each has come round."""


YEAR = Usual("year", 6)
QUARTER = Usual("quarter", 8, (4,), (("month", 365.25),))
MONTH = Usual("month", 12, (12,), (("month", 365.25),))
WEEK = Usual("week", 8, (52,), (("day-of-year", 365.25),))
WEEKDAY = Usual("weekday", 5, (5,))
DAILY = Usual("day", 7, (7, 365), (("weekday", 7.0), ("day-of-year", 365.25)))
ROW = Usual("row", 12)


def usual_for(index: Any) -> Usual:
    """Return what is usual for the time stamps of a series; of steps that are only numbered nothing is.

    The distance is the median of the stamps' own, so that months of 28 to 31 days are months.
    """
    if len(index) < 2 or not hasattr(index, "as_unit"):
        return ROW
    seconds = float(np.median(np.diff(index.as_unit("ns").asi8))) / 1e9
    days = seconds / DAY
    if days < 1:
        return _within_a_day(seconds)
    for longest, usual in ((1.5, DAILY), (7.5, WEEK), (32, MONTH), (93, QUARTER), (367, YEAR)):
        if days <= longest:
            return _weekdays_or(DAILY, index) if usual is DAILY else usual if _is(usual, days) else ROW
    return ROW


def _is(usual: Usual, days: float) -> bool:
    shortest = {"week": 6.5, "month": 27, "quarter": 88, "year": 359}
    return days >= shortest[usual.name]


def _weekdays_or(usual: Usual, index: Any) -> Usual:
    """Return the usual of trading days where none of many stamps is on a weekend."""
    return WEEKDAY if len(index) > 2 * WEEKDAYS and int(index.day_of_week.max()) < WEEKDAYS else usual


def _within_a_day(seconds: float) -> Usual:
    """Return the usual of hours and shorter steps: of an hour, a day and a week, as far as they divide."""
    spans = [s / seconds for s in (HOUR, DAY, 7 * DAY)]
    seasons = tuple(int(s) for s in spans if s >= 2 and s == int(s))
    a_day = int(DAY / seconds)
    name = "hour" if seconds == HOUR else f"{seconds:g} seconds"
    return Usual(
        name,
        a_day if a_day <= 48 else 24,
        seasons,
        (("hour", 1.0), ("weekday", 7.0), ("day-of-year", 365.25)),
    )
