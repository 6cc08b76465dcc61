"""Frequencies of time stamps: hours, days, weekdays, months on one day, or a pandas offset."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

Positions = NDArray[np.int64]
OFF = -1
"""Position of a time stamp that is not on the grid."""
DAY = pd.Timedelta("1D")
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
LAST_DAY = 31


class Frequency(ABC):
    """Base class of frequencies: an even grid of time stamps, numbered from the first.

    Days, weekdays and months are those of the time zone of the time stamps: a day may have 23 or 25 hours.
    """

    name: str
    """Value of ``--frequency``."""
    season: int
    """Steps per season: a day for hours, a week for days, a year for weeks and months; else 1."""

    @abstractmethod
    def at(self, first: pd.Timestamp, positions: Positions) -> pd.DatetimeIndex:
        """Return the time stamps at these positions of the grid that begins at ``first``."""

    @abstractmethod
    def _nearest(self, index: pd.DatetimeIndex) -> Positions:
        """Return the grid position of each time stamp, assuming that it is on the grid."""

    def positions(self, index: pd.DatetimeIndex) -> Positions:
        """Return the position of each time stamp on the grid that begins at the first; OFF if not on it."""
        nearest = self._nearest(index)
        is_on_grid = np.asarray(self.at(index[0], nearest) == index)
        return np.where(is_on_grid, nearest, OFF)

    def stamps(self, first: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        """Return the first ``count`` time stamps, with the ``freq`` of pandas if they have no zone."""
        index = self.at(first, np.arange(count))
        if first.tz is not None or not count:
            return index
        even = pd.date_range(index[0], periods=count, freq=self.pandas)
        return even if even.equals(index) else index

    @property
    def pandas(self) -> Any:
        """The frequency as an argument for pandas."""
        return self.name

    def resolve(self, index: pd.DatetimeIndex) -> "Frequency":
        """Return this frequency with open fields filled in from the time stamps of a series."""
        return self


@dataclass(frozen=True)
class FixedStep(Frequency):
    """Fixed duration: hours, minutes, seconds. 24 hours stay 24 hours when the clocks change."""

    step: pd.Timedelta

    @property
    def name(self) -> str:  # type: ignore[override]
        """See :class:`Frequency`."""
        return str(pd.tseries.frequencies.to_offset(self.step).freqstr)

    @property
    def season(self) -> int:  # type: ignore[override]
        """See :class:`Frequency`."""
        if self.step % DAY == pd.Timedelta(0):
            return Days(self.step.days).season
        return int(DAY / self.step) if DAY % self.step == pd.Timedelta(0) else 1

    def at(self, first: pd.Timestamp, positions: Positions) -> pd.DatetimeIndex:
        """See :meth:`Frequency.at`."""
        return first + pd.TimedeltaIndex(positions * self.step.to_timedelta64())

    def _nearest(self, index: pd.DatetimeIndex) -> Positions:
        return np.asarray((index - index[0]) // self.step, dtype=np.int64)


@dataclass(frozen=True)
class Days(Frequency):
    """Every ``count`` days, at the same time of day."""

    count: int = 1

    @property
    def name(self) -> str:  # type: ignore[override]
        """See :class:`Frequency`."""
        return "D" if self.count == 1 else f"{self.count}D"

    @property
    def season(self) -> int:  # type: ignore[override]
        """See :class:`Frequency`."""
        return {1: 7, 7: 52, 14: 26}.get(self.count, 1)

    def at(self, first: pd.Timestamp, positions: Positions) -> pd.DatetimeIndex:
        """See :meth:`Frequency.at`."""
        return _at_dates(first, _get_dates(pd.DatetimeIndex([first])) + positions * self.count)

    def _nearest(self, index: pd.DatetimeIndex) -> Positions:
        dates = _get_dates(index)
        return np.asarray((dates - dates[0]).astype(np.int64) // self.count)


@dataclass(frozen=True)
class Weekdays(Frequency):
    """Monday to Friday."""

    name = "B"
    season = 5

    def at(self, first: pd.Timestamp, positions: Positions) -> pd.DatetimeIndex:
        """See :meth:`Frequency.at`."""
        begin = _get_dates(pd.DatetimeIndex([first]))
        return _at_dates(first, np.busday_offset(begin, positions, roll="forward"))

    def _nearest(self, index: pd.DatetimeIndex) -> Positions:
        dates = _get_dates(index)
        return np.asarray(np.busday_count(dates[0], dates), dtype=np.int64)


@dataclass(frozen=True)
class Months(Frequency):
    """Every ``count`` months on one day, or on the last day of a shorter month."""

    count: int = 1
    day: int = 0
    """1: first day of the month; 31: last day; 0: the day of the time stamps of each series."""
    month: int = 0
    """A month (1 to 12) on the grid; 0: that of the first time stamp."""

    @property
    def name(self) -> str:  # type: ignore[override]
        """See :class:`Frequency`."""
        if self.day not in (1, LAST_DAY):
            return f"{_format_count(self.count)}M" + (f"-{self.day}" if self.day else "")
        edge = "S" if self.day == 1 else "E"
        if self.month and self.count in (3, 12):
            letter = "Q" if self.count == 3 else "Y"
            return f"{letter}{edge}-{MONTH_NAMES[self.month - 1]}"
        return f"{_format_count(self.count)}M{edge}"

    @property
    def pandas(self) -> Any:
        """See :attr:`Frequency.pandas`."""
        return self.name if self.day in (1, LAST_DAY) else pd.DateOffset(months=self.count, day=self.day)

    @property
    def season(self) -> int:  # type: ignore[override]
        """See :class:`Frequency`."""
        return 12 // self.count if self.count <= 12 and 12 % self.count == 0 else 1

    def at(self, first: pd.Timestamp, positions: Positions) -> pd.DatetimeIndex:
        """See :meth:`Frequency.at`."""
        begin = _get_dates(pd.DatetimeIndex([first])).astype("datetime64[M]")
        months = begin + positions * self.count
        starts = months.astype("datetime64[D]")
        lengths = ((months + 1).astype("datetime64[D]") - starts).astype(np.int64)
        return _at_dates(first, starts + np.minimum(self.day or first.day, lengths) - 1)

    def _nearest(self, index: pd.DatetimeIndex) -> Positions:
        months = _get_dates(index).astype("datetime64[M]").astype(np.int64)
        return np.asarray((months - months[0]) // self.count)

    def positions(self, index: pd.DatetimeIndex) -> Positions:
        """See :meth:`Frequency.positions`."""
        anchored = not self.month or (index[0].month - self.month) % self.count == 0
        return super().positions(index) if anchored else np.full(len(index), OFF)

    def resolve(self, index: pd.DatetimeIndex) -> Frequency:
        """See :meth:`Frequency.resolve`."""
        return self if self.day else replace(self, day=common_day(index) or int(index.day.max()))


@dataclass(frozen=True)
class Offset(Frequency):
    """Any other pandas frequency."""

    name: str
    season: int = 1

    def at(self, first: pd.Timestamp, positions: Positions) -> pd.DatetimeIndex:
        """See :meth:`Frequency.at`."""
        grid = pd.date_range(first, periods=int(positions.max(initial=0)) + 1, freq=self.name)
        return pd.DatetimeIndex(grid[positions], freq=None)

    def _nearest(self, index: pd.DatetimeIndex) -> Positions:
        grid = pd.date_range(index[0], index[-1], freq=self.name)
        return np.asarray(np.maximum(grid.searchsorted(index, side="right") - 1, 0), dtype=np.int64)


def parse_frequency(text: str) -> Frequency:
    """Return the frequency with this name.

    Raises:
        DataError: if there is no such frequency.
    """
    parts = re.fullmatch(r"(\d{0,4})([MQY])(?:-(\d{1,2}))?", text)
    if parts and 0 <= int(parts[3] or 0) <= LAST_DAY:
        months = {"M": 1, "Q": 3, "Y": 12}[parts[2]]
        return Months(int(parts[1] or 1) * months, int(parts[3] or 0))
    try:
        offset = pd.tseries.frequencies.to_offset(text)
        if offset is None or offset.n <= 0:
            raise ValueError("no step forward in time")
        return _convert_offset(offset, text)
    except (ValueError, OverflowError):
        raise DataError(
            f"frequency={text!r}: is not a frequency; write h, D, B, W, MS, ME, M (months on one day), QS, "
            "YS, 15min, … or rows"
        ) from None


def common_day(index: pd.DatetimeIndex) -> int:
    """Return the common day of the month of all time stamps; 0 if they have none.

    In months that are too short, the last day counts. If all are on the last day of their months, not all in
    February, it is 31.
    """
    latest, lengths = int(index.day.max()), index.days_in_month
    if not (index.day == np.minimum(latest, lengths)).all():
        return 0
    return LAST_DAY if latest >= 30 and (index.day == lengths).all() else latest


def _convert_offset(offset: Any, text: str) -> Frequency:
    kinds = pd.tseries.offsets
    match offset:
        case kinds.Day():
            return Days(offset.n)
        case kinds.Tick():
            return FixedStep(pd.Timedelta(offset))
        case kinds.Week():
            return Days(7 * offset.n) if re.fullmatch(r"\d*W", text) else Offset(text, 52 // offset.n or 1)
        case kinds.MonthBegin() | kinds.MonthEnd():
            return Months(offset.n, 1 if isinstance(offset, kinds.MonthBegin) else LAST_DAY)
        case kinds.QuarterBegin():
            return Months(3 * offset.n, 1, offset.startingMonth)
        case kinds.QuarterEnd():
            return Months(3 * offset.n, LAST_DAY, offset.startingMonth)
        case kinds.YearBegin():
            return Months(12 * offset.n, 1, offset.month)
        case kinds.YearEnd():
            return Months(12 * offset.n, LAST_DAY, offset.month)
        case kinds.BusinessDay() if offset.n == 1 and text == "B":
            return Weekdays()
    return Offset(text)


def _format_count(count: int) -> str:
    return "" if count == 1 else str(count)


def _get_dates(index: pd.DatetimeIndex) -> Any:
    """Return the local date of each stamp, datetime64[D]."""
    return index.tz_localize(None).to_numpy().astype("datetime64[D]")


def _at_dates(first: pd.Timestamp, dates: Any) -> pd.DatetimeIndex:
    """Return time stamps on these dates, with the local time of day, zone and unit of ``first``."""
    local = first.tz_localize(None)
    wall = pd.DatetimeIndex(dates.astype(f"datetime64[{first.unit}]")) + (local - local.normalize())
    if first.tz is None:
        return wall
    return wall.tz_localize(
        first.tz, ambiguous=np.full(len(wall), fill_value=True), nonexistent="shift_forward"
    )
