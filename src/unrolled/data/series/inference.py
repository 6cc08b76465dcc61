"""Infer the common frequency of all series of a table from their time stamps."""

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
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

LEAST = 0.5
"""Minimum fraction of the grid steps that have a row."""
SLOT_LEAST = 0.9
"""The same for the steps that a weekly or daily pattern expects."""
WEEKENDS = 2
"""Minimum number of weekends without rows for a table to count as weekdays only."""
WEEK = 7
MOST_SLOTS = 86_400
"""Maximum number of steps of a day with a daily pattern."""


class Inferred(NamedTuple):
    """Frequency and season inferred from the time stamps of a table."""

    frequency: Frequency | None
    """Frequency; None if each row is a step."""
    season: int
    note: str = ""


def infer_frequency(indexes: Sequence[pd.DatetimeIndex], *, steps: bool = True) -> Inferred | None:
    """Return the coarsest even grid that contains all time stamps of all series and is mostly filled.

    If the gaps follow a pattern (weekdays with holidays, opening hours), each row is a step. Return None if
    neither fits.

    Args:
        indexes: time stamps of each series, sorted and distinct.
        steps: True to count rows as steps if the gaps follow a pattern; False to keep the grid, so that the
            gaps are filled.
    """
    long_enough = [index for index in indexes if len(index) >= 3]
    if not long_enough:
        return None
    rows = sum(len(index) for index in indexes)
    fitting = []
    for frequency in _iter_candidates(indexes):
        length = _count_steps(frequency, indexes)
        if length is not None:
            fitting.append((length, frequency))
    fitting.sort(key=lambda pair: pair[0])
    for length, frequency in fitting:
        pattern = _detect_pattern(frequency, indexes, rows, length, steps=steps)
        if pattern is not None:
            return pattern
        if rows >= LEAST * length:
            return Inferred(frequency, frequency.season)
    return None


def most_common_distance(index: pd.DatetimeIndex) -> pd.Timedelta:
    """Return the most common distance between neighbours."""
    return pd.Series(index[1:] - index[:-1]).mode().iloc[0]


def _iter_candidates(indexes: Sequence[pd.DatetimeIndex]) -> Iterator[Frequency]:
    """Yield the coarsest grid of each kind that may contain all time stamps."""
    wall = [index.tz_localize(None) for index in indexes]
    same_time = all(len(np.unique((w - w.normalize()).to_numpy())) == 1 for w in wall)
    dates = [w.to_numpy().astype("datetime64[D]") for w in wall]
    days = _gcd(d.astype(np.int64) for d in dates)
    common = {common_day(w) for w in wall}
    if 0 not in common and same_time:
        months = [d.astype("datetime64[M]").astype(np.int64) for d in dates]
        count = _gcd(months)
        if count:
            yield _make_months(count, common, int(months[0][0]) % 12 + 1)
    if days and (same_time or any(index.tz is not None for index in indexes)):
        yield Days(days)
    instants = [index.tz_convert(None) if index.tz is not None else index for index in indexes]
    step = _gcd(i.as_unit("ns" if i.unit == "ns" else "us").asi8 for i in instants)
    unit = pd.Timedelta(1, "ns" if any(i.unit == "ns" for i in instants) else "us")
    if step and ((step * unit) % DAY != pd.Timedelta(0) or indexes[0].tz is not None):
        yield FixedStep(step * unit)


def _make_months(count: int, days: set[int], month: int) -> Months:
    day = days.pop() if len(days) == 1 else 0
    anchored = count in (3, 12) and day in (1, 31)
    return Months(count, day, ((month - 1) % count + 1) if anchored else 0)


def _gcd(values: "Iterator[np.ndarray] | list[np.ndarray]") -> int:
    """Return the greatest common divisor of the distances from the first value of each series."""
    return math.gcd(*(int(np.gcd.reduce(v - v[0])) for v in values))


def _count_steps(frequency: Frequency, indexes: Sequence[pd.DatetimeIndex]) -> int | None:
    """Return the total number of grid steps of all series; None if a time stamp is not on its grid."""
    count = 0
    for index in indexes:
        positions = frequency.resolve(index).positions(index)
        if (positions == OFF).any():
            return None
        count += int(positions[-1]) + 1
    return count


def _detect_pattern(
    frequency: Frequency, indexes: Sequence[pd.DatetimeIndex], rows: int, length: int, *, steps: bool
) -> Inferred | None:
    """Return rows as steps if a weekly or daily pattern explains the gaps, B for weekdays, else None."""
    if length == rows or not isinstance(frequency, Days | FixedStep) or frequency.season in (1, 52, 26):
        return None
    if frequency.season > MOST_SLOTS:
        return None
    longest = max(indexes, key=len)
    wall = longest.tz_localize(None)
    weeks = (wall[-1] - wall[0]) / (WEEK * DAY)
    dates = wall.to_numpy().astype("datetime64[D]")
    if isinstance(frequency, Days):
        if (wall.day_of_week < 5).all() and _count_weekends(dates) >= WEEKENDS:
            return _infer_weekdays(longest, steps=steps)
        slots, slot_count, periods = wall.day_of_week.to_numpy(), WEEK, weeks
    else:
        time = (wall - wall.normalize()) // frequency.step
        slots, slot_count, periods = time.to_numpy(), frequency.season, weeks * WEEK
        if weeks >= 3 and len(np.unique(wall.day_of_week)) < WEEK:
            slots, periods = slots + slot_count * wall.day_of_week.to_numpy(), weeks
            slot_count *= WEEK
    if periods < 3 or not steps:
        return None
    counts = np.bincount(slots, minlength=slot_count)
    used = counts >= counts.max() / 2
    expected = int(used.sum() * periods)
    present = int(counts[used].sum())
    gaps = length - rows
    if used.all() or present < SLOT_LEAST * expected or max(0, expected - present) * 4 > gaps:
        return None
    weekly_hours = slot_count == frequency.season * WEEK
    season = int(used.reshape(WEEK, -1).sum(1).max()) if weekly_hours else int(used.sum())
    return Inferred(None, season, f"rows only at the same {season} times: each row is a step")


def _infer_weekdays(index: pd.DatetimeIndex, *, steps: bool) -> Inferred:
    business = Weekdays()
    length = _count_steps(business, [index])
    if not steps or length is None or not SLOT_LEAST * length <= len(index) < length:
        return Inferred(business, business.season)
    return Inferred(
        None,
        business.season,
        f"weekdays without {counted(length - len(index), 'holiday')}: each row is a step, a season is a week "
        f"of {business.season} (--frequency B fills the holidays)",
    )


def _count_weekends(dates: np.ndarray) -> int:
    """Return the number of weekends between the first and the last date."""
    days = int((dates[-1] - dates[0]).astype(np.int64)) + 1
    return (days - int(np.busday_count(dates[0], dates[-1] + 1))) // 2
