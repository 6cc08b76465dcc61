"""Time axis of a series that a request sends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from unrolled.config import require
from unrolled.data.series.axis import ROWS, TimeAxis
from unrolled.data.series.dates import LATEST
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.tasks.forecast.config import ForecasterConfig

NUMBER = re.compile(r"-?\d{1,15}")


@dataclass(frozen=True)
class Times:
    """Time axis of a series, and the index of its first step."""

    axis: TimeAxis
    index: Any


NO_TIMES = TimeAxis()
"""Axis of steps whose times are not known."""


def trained_axis(facts: Mapping[str, Any], season: int) -> TimeAxis:
    """Return the time axis of a series of the training, from its entry in ``data_info["series"]``."""
    first, last, steps = str(facts["first"]), str(facts["last"]), int(facts["steps"])
    frequency = str(facts["frequency"])
    if not NUMBER.fullmatch(first):
        return TimeAxis(frequency, season)
    step = (int(last) - int(first)) // max(steps - 1, 1)
    return TimeAxis(frequency, season, "steps", step=step or 1)


def first_index(facts: Mapping[str, Any], axis: TimeAxis, zone: str) -> Any:
    """Return an index of the first step of a series of the training."""
    import pandas as pd

    first = str(facts["first"])
    if axis.shown == "steps":
        return pd.Index([int(first)])
    index = pd.DatetimeIndex([pd.Timestamp(first)])
    return index.tz_convert(zone) if zone else index


def times_from(start: str, count: int, axis: TimeAxis, config: ForecasterConfig) -> Times:
    """Return the times of a series from that of its first step.

    Args:
        start: time of the first step, as a request gives it; "" if it is not known.
        count: number of steps, those to forecast included.
        axis: time axis of the series in the training.
        config: configuration of the model.

    Raises:
        ConfigError: if the time is missing, or the steps of the model have none.
        DataError: if it is not a time, or not one of the frequency.
    """
    with extra("forecast", "a forecaster"):
        import pandas as pd

    if not start:
        require(
            not config.features.calendar,
            f"start: is missing; the model reads the calendar ({', '.join(config.features.calendar)}), so it "
            "needs the time of the first value, such as 1949-01-01",
        )
        return Times(NO_TIMES, pd.DatetimeIndex([pd.NaT]))
    if axis.shown == "steps":
        if not NUMBER.fullmatch(start):
            raise DataError(f"start={start!r}: the steps of this model are numbers; give a whole number")
        return Times(axis, pd.Index([int(start)]))
    if axis.frequency == ROWS:
        raise ConfigError("start: the steps of this model have no times; leave it out")
    return Times(axis, _dates_from(start, count, axis.frequency, config.rules.timezone))


def _dates_from(start: str, count: int, frequency: str, zone: str) -> Any:
    """Return an index of the first of ``count`` time stamps."""
    import pandas as pd

    from unrolled.data.series.frequency import parse_frequency

    first = _in_zone(pd.Timestamp(_parse(start)), zone)
    try:
        dates = parse_frequency(frequency).at(first, np.array([0, count - 1]))
        late = dates[-1].year > LATEST
    except (ValueError, OverflowError):  # beyond the last time that pandas or Python can hold
        late = True
    if late:
        raise DataError(f"start={start!r}: {count:,} steps from there end after the year {LATEST}")
    if dates.hasnans or dates[0] != first:
        raise DataError(f"start={start!r}: is not a time of the frequency of this model, {frequency!r}")
    return dates[:1]


def _parse(text: str) -> datetime:
    """Return a time in ISO 8601; the day, or the month and the day, may be left out."""
    missing = {4: "-01-01", 7: "-01"}.get(len(text), "")
    try:
        return datetime.fromisoformat(text + missing)
    except ValueError:
        example = "1949-01-01 or 1949-01-01T13:00"
        raise DataError(f"start={text!r}: is not a time in ISO 8601, such as {example}") from None


def _in_zone(stamp: Any, zone: str) -> Any:
    """Return a time stamp in the time zone of the model; without an offset it is local time."""
    if not zone and stamp.tz is not None:
        raise DataError(
            f"start={stamp.isoformat()!r}: the times of this model have no time zone; leave out the offset"
        )
    if not zone:
        return stamp
    try:
        if stamp.tz is not None:
            return stamp.tz_convert(zone)
        local = stamp.tz_localize(zone, ambiguous=True, nonexistent="NaT")
    except (ValueError, OverflowError):
        raise DataError(f"start={stamp.isoformat()!r}: has no time in {zone}") from None
    import pandas as pd

    if pd.isna(local):
        raise DataError(
            f"start={stamp.isoformat()!r}: does not exist in {zone}: the clocks are set forward over it"
        )
    return local


def write_times(index: Any) -> list[str]:
    """Return an index as text: numbers, or ISO 8601, only the dates if all times are midnight."""
    if not hasattr(index, "normalize"):
        return [str(step) for step in index]
    if bool((index == index.normalize()).all()):
        return [stamp.date().isoformat() for stamp in index]
    return [stamp.isoformat() for stamp in index]
