"""Common frequency of all series of a table: given and checked, or inferred."""

from collections.abc import Mapping, Sequence

import numpy as np

from unrolled.data.series.axis import ROWS
from unrolled.data.series.config import TimeRulesConfig
from unrolled.data.series.frequency import OFF, parse_frequency
from unrolled.data.series.gaps import list_stamps
from unrolled.data.series.inference import LEAST, Inferred, infer_frequency, most_common_distance
from unrolled.data.series.series import with_verb
from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd


def common_frequency(stamps: Mapping[str, pd.DatetimeIndex], rules: TimeRulesConfig) -> Inferred:
    """Return the frequency of a table.

    Args:
        stamps: time stamps of each series, sorted and distinct, by the name of the series in errors.
        rules: rules with ``frequency``, if it is given.

    Raises:
        DataError: if no frequency fits, or the time stamps do not have the given one.
    """
    if rules.frequency == ROWS:
        return Inferred(None, 1)
    if rules.frequency:
        frequency = parse_frequency(rules.frequency)
        for name, index in stamps.items():
            _check_frequency(index, name, rules)
        return Inferred(frequency, frequency.season)
    inferred = infer_frequency(list(stamps.values()), steps=rules.missing == "auto")
    if inferred is None:
        raise _no_frequency_error(list(stamps.values()), list(stamps))
    return inferred


def _check_frequency(index: pd.DatetimeIndex, name: str, rules: TimeRulesConfig) -> None:
    """Raise DataError if time stamps are not at the given frequency, or at a much coarser one."""
    required = parse_frequency(rules.frequency).resolve(index)
    positions = required.positions(index)
    off = index[positions == OFF]
    actual = infer_frequency([index])
    sparse = actual and rules.missing == "auto" and len(index) < LEAST * (int(positions[-1]) + 1)
    if not len(off) and not sparse:
        return
    fits = f"; the series is at frequency {actual.frequency.name!r}" if actual and actual.frequency else ""
    problem = (
        f"not at frequency {required.name!r}: {list_stamps(off)}"
        if len(off)
        else f"too few for {required.name!r}"
    )
    count = len(off) if len(off) else len(index)
    raise DataError(
        f"{name}: {with_verb(count, 'time stamp')} {problem}{fits} (frequency={rules.frequency!r} was given, "
        "or is that of the trained model)"
    )


def _no_frequency_error(indexes: Sequence[pd.DatetimeIndex], names: Sequence[str]) -> DataError:
    longest = int(np.argmax([len(index) for index in indexes]))
    index, name = indexes[longest], names[longest]
    if len(index) < 3:
        return DataError(
            f"{name}: {counted(len(index), 'time stamp')} cannot define a frequency; give it: frequency=…"
        )
    inferred = [infer_frequency([i]) for i in indexes]
    if all(inferred):
        pairs = zip(names, inferred, strict=True)
        named = [(n, i.frequency.name if i.frequency else ROWS) for n, i in pairs if i]
        other = next((pair for pair in named if pair[1] != named[longest][1]), named[0])
        return DataError(
            f"{name}: is at frequency {named[longest][1]!r}, and {other[0]} at {other[1]!r}: one frequency "
            "is needed for all; leave some out, or give it: frequency=…"
        )
    distance = most_common_distance(index)
    off = index[np.asarray((index - index[0]) % distance != pd.Timedelta(0))]
    problem = (
        f"{len(off):,} are off that grid ({list_stamps(off)})" if len(off) else "half of them are missing"
    )
    return DataError(
        f"{name}: no frequency fits its time stamps: most are {distance} apart, but {problem}; correct them, "
        "give the frequency, or count rows as steps: frequency=rows"
    )
