"""Default seasons, horizon and calendar features for the frequency of a series."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

HOUR, DAY = 3600.0, 86400.0
WEEKDAYS = 5

Calendar = Literal["hour", "weekday", "month", "day-of-year"]


@dataclass(frozen=True)
class FrequencyDefaults:
    """Default horizon, seasons and calendar features for one length of a step."""

    name: str
    """Name of a step, such as "month"."""
    horizon: int
    """Steps to forecast."""
    seasons: tuple[int, ...] = ()
    """Possible seasons, in steps."""
    calendar: tuple[tuple[Calendar, float], ...] = ()
    """Calendar features, each with the length of its cycle in days."""


YEAR = FrequencyDefaults("year", 6)
QUARTER = FrequencyDefaults("quarter", 8, (4,), (("month", 365.25),))
MONTH = FrequencyDefaults("month", 12, (12,), (("month", 365.25),))
WEEK = FrequencyDefaults("week", 8, (52,), (("day-of-year", 365.25),))
WEEKDAY = FrequencyDefaults("weekday", 5, (5,))
DAILY = FrequencyDefaults("day", 7, (7, 365), (("weekday", 7.0), ("day-of-year", 365.25)))
ROW = FrequencyDefaults("row", 12)


def defaults_for_index(index: Any) -> FrequencyDefaults:
    """Return the defaults for the time stamps of a series; :data:`ROW` if steps are only numbered.

    The step length is the median distance of the stamps, so that months of 28 to 31 days count as months.
    """
    if len(index) < 2 or not hasattr(index, "as_unit"):
        return ROW
    seconds = float(np.median(np.diff(index.as_unit("ns").asi8))) / 1e9
    days = seconds / DAY
    if days < 1:
        return _defaults_within_a_day(seconds)
    for longest, usual in ((1.5, DAILY), (7.5, WEEK), (32, MONTH), (93, QUARTER), (367, YEAR)):
        if days <= longest:
            if usual is DAILY:
                return _weekdays_or(DAILY, index)
            return usual if _is_long_enough(usual, days) else ROW
    return ROW


def _is_long_enough(usual: FrequencyDefaults, days: float) -> bool:
    shortest = {"week": 6.5, "month": 27, "quarter": 88, "year": 359}
    return days >= shortest[usual.name]


def _weekdays_or(usual: FrequencyDefaults, index: Any) -> FrequencyDefaults:
    """Return the defaults for weekdays if none of many stamps is on a weekend, else ``usual``."""
    return WEEKDAY if len(index) > 2 * WEEKDAYS and int(index.day_of_week.max()) < WEEKDAYS else usual


def _defaults_within_a_day(seconds: float) -> FrequencyDefaults:
    """Return the defaults for hours and shorter steps.

    The seasons are an hour, a day and a week, if they are a whole number of steps.
    """
    spans = [s / seconds for s in (HOUR, DAY, 7 * DAY)]
    seasons = tuple(int(s) for s in spans if s >= 2 and s == int(s))
    steps_per_day = int(DAY / seconds)
    name = "hour" if seconds == HOUR else f"{seconds:g} seconds"
    return FrequencyDefaults(
        name,
        steps_per_day if steps_per_day <= 48 else 24,
        seasons,
        (("hour", 1.0), ("weekday", 7.0), ("day-of-year", 365.25)),
    )
