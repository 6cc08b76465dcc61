"""The one frequency of a table, decided over the time stamps of all its series."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from unrolled.data.series.frequency import (
    DAY,
    OFF,
    Days,
    FixedStep,
    Frequency,
    Months,
    Weekdays,
    common_day,
)
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

LEAST = 0.5
"""Share of the steps of a grid that must be there."""
SLOT_LEAST = 0.9
"""The same of the steps that a weekly or daily pattern expects."""
WEEKENDS = 2
"""Weekends without a row from which on a table is one of weekdays."""
WEEK = 7


class Inferred(NamedTuple):
    """What the time stamps of a table tell."""

    frequency: Frequency | None
    """None: each row is a step."""
    season: int
    note: str = ""


def infer_frequency(indexes: Sequence[pd.DatetimeIndex], *, steps: bool = True) -> Inferred | None:
    """Return the coarsest even grid that holds every stamp of every series, most of whose steps are there.

    Rows with regular gaps (weekdays with holidays, opening hours) are steps themselves. None if neither fits.

    Args:
        indexes: of each series, rising, each stamp once.
        steps: take rows with regular gaps as steps; otherwise the gaps are there to be filled.
    """
    told = [index for index in indexes if len(index) >= 3]
    if not told:
        return None
    rows = sum(len(index) for index in indexes)
    fitting = []
    for frequency in _candidates(indexes):
        length = _steps(frequency, indexes)
        if length is not None:
            fitting.append((length, frequency))
    fitting.sort(key=lambda pair: pair[0])
    for length, frequency in fitting:
        pattern = _pattern(frequency, indexes, rows, length, steps=steps)
        if pattern is not None:
            return pattern
        if rows >= LEAST * length:
            return Inferred(frequency, frequency.season)
    return None


def usual_distance(index: pd.DatetimeIndex) -> pd.Timedelta:
    """Return the commonest distance of neighbours."""
    return pd.Series(index[1:] - index[:-1]).mode().iloc[0]


def _candidates(indexes: Sequence[pd.DatetimeIndex]) -> Iterator[Frequency]:
    """Yield the coarsest grid of each kind that may hold every stamp."""
    wall = [index.tz_localize(None) for index in indexes]
    one_time = all(len(np.unique((w - w.normalize()).to_numpy())) == 1 for w in wall)
    dates = [w.to_numpy().astype("datetime64[D]") for w in wall]
    days = _gcd(d.astype(np.int64) for d in dates)
    common = {common_day(w) for w in wall}
    if 0 not in common and one_time:
        months = [d.astype("datetime64[M]").astype(np.int64) for d in dates]
        count = _gcd(months)
        if count:
            yield _months(count, common, int(months[0][0]) % 12 + 1)
    if days and (one_time or any(index.tz is not None for index in indexes)):
        yield Days(days)
    instants = [index.tz_convert(None) if index.tz is not None else index for index in indexes]
    step = _gcd(i.as_unit("ns" if i.unit == "ns" else "us").asi8 for i in instants)
    unit = pd.Timedelta(1, "ns" if any(i.unit == "ns" for i in instants) else "us")
    if step and ((step * unit) % DAY != pd.Timedelta(0) or indexes[0].tz is not None):
        yield FixedStep(step * unit)


def _months(count: int, days: set[int], month: int) -> Months:
    day = days.pop() if len(days) == 1 else 0
    anchored = count in (3, 12) and day in (1, 31)
    return Months(count, day, ((month - 1) % count + 1) if anchored else 0)


def _gcd(values: "Iterator[np.ndarray] | list[np.ndarray]") -> int:
    """Return the greatest common divisor of the distances from each series' first value."""
    return math.gcd(*(int(np.gcd.reduce(v - v[0])) for v in values))


def _steps(frequency: Frequency, indexes: Sequence[pd.DatetimeIndex]) -> int | None:
    """Return how many steps the grids of all series have together; None if a stamp is on none."""
    count = 0
    for index in indexes:
        places = frequency.resolve(index).places(index)
        if (places == OFF).any():
            return None
        count += int(places[-1]) + 1
    return count


def _pattern(
    frequency: Frequency, indexes: Sequence[pd.DatetimeIndex], rows: int, length: int, *, steps: bool
) -> Inferred | None:
    """Return rows as steps where a weekly or daily pattern explains what is missing; B where nothing is."""
    if length == rows or not isinstance(frequency, Days | FixedStep) or frequency.season in (1, 52, 26):
        return None
    longest = max(indexes, key=len)
    wall = longest.tz_localize(None)
    weeks = (wall[-1] - wall[0]) / (WEEK * DAY)
    dates = wall.to_numpy().astype("datetime64[D]")
    if isinstance(frequency, Days):
        if (wall.day_of_week < 5).all() and _weekends(dates) >= WEEKENDS:
            return _weekdays(longest, steps=steps)
        slots, kinds, most = wall.day_of_week.to_numpy(), WEEK, weeks
    else:
        time = (wall - wall.normalize()) // frequency.step
        slots, kinds, most = time.to_numpy(), frequency.season, weeks * WEEK
        if weeks >= 3 and len(np.unique(wall.day_of_week)) < WEEK:
            slots, kinds, most = slots + kinds * wall.day_of_week.to_numpy(), kinds * WEEK, weeks
    if most < 3 or not steps:
        return None
    counts = np.bincount(slots, minlength=kinds)
    used = counts >= counts.max() / 2
    expected = int(used.sum() * most)
    there = int(counts[used].sum())
    gaps = length - rows
    if used.all() or there < SLOT_LEAST * expected or max(0, expected - there) * 4 > gaps:
        return None
    season = int(used.sum()) if kinds != frequency.season * WEEK else int(used.reshape(WEEK, -1).sum(1).max())
    return Inferred(None, season, f"rows at the same {season} times only: each row is a step")


def _weekdays(index: pd.DatetimeIndex, *, steps: bool) -> Inferred:
    business = Weekdays()
    length = _steps(business, [index])
    if not steps or length is None or not SLOT_LEAST * length <= len(index) < length:
        return Inferred(business, business.season)
    return Inferred(
        None,
        business.season,
        f"weekdays without {length - len(index):,} holidays: each row is a step, a season is a week of "
        f"{business.season} (--frequency B fills the holidays)",
    )


def _weekends(dates: np.ndarray) -> int:
    """Return how many weekends lie between the first and the last date."""
    days = int((dates[-1] - dates[0]).astype(np.int64)) + 1
    return (days - int(np.busday_count(dates[0], dates[-1] + 1))) // 2
