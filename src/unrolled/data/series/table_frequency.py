"""The one frequency of all series of a table: given, or inferred and compared with what is given."""

from collections.abc import Mapping, Sequence

import numpy as np

from unrolled.data.series.axis import ROWS
from unrolled.data.series.config import TimeRulesConfig
from unrolled.data.series.frequency import OFF, parse_frequency
from unrolled.data.series.gaps import some
from unrolled.data.series.inference import LEAST, Inferred, infer_frequency, usual_distance
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd


def common_frequency(stamps: Mapping[str, pd.DatetimeIndex], rules: TimeRulesConfig) -> Inferred:
    """Return the frequency of a table.

    Args:
        stamps: of each series by its name in errors, rising, each once.
        rules: ``frequency`` if it is given.

    Raises:
        DataError: if no frequency fits, or the stamps have another than the given one.
    """
    if rules.frequency == ROWS:
        return Inferred(None, 1)
    if rules.frequency:
        frequency = parse_frequency(rules.frequency)
        for name, index in stamps.items():
            _compare(index, name, rules)
        return Inferred(frequency, frequency.season)
    inferred = infer_frequency(list(stamps.values()), steps=rules.missing == "auto")
    if inferred is None:
        raise _no_frequency(list(stamps.values()), list(stamps))
    return inferred


def _compare(index: pd.DatetimeIndex, name: str, rules: TimeRulesConfig) -> None:
    """Raise DataError if stamps are not at the given frequency, or at one that is far coarser."""
    given = parse_frequency(rules.frequency).resolve(index)
    places = given.places(index)
    off = index[places == OFF]
    own = infer_frequency([index])
    sparse = own and rules.missing == "auto" and len(index) < LEAST * (int(places[-1]) + 1)
    if not len(off) and not sparse:
        return
    fits = f"; they are at frequency {own.frequency.name!r}" if own and own.frequency else ""
    what = (
        f"are not at frequency {given.name!r}: {some(off)}" if len(off) else f"are too few for {given.name!r}"
    )
    count = len(off) if len(off) else len(index)
    raise DataError(
        f"{name}: {count:,} time stamps {what}{fits} (frequency={rules.frequency!r} is given, or that of the "
        "trained model)"
    )


def _no_frequency(indexes: Sequence[pd.DatetimeIndex], names: Sequence[str]) -> DataError:
    longest = int(np.argmax([len(index) for index in indexes]))
    index, name = indexes[longest], names[longest]
    if len(index) < 3:
        return DataError(f"{name}: {len(index)} time stamps do not tell a frequency; give it: frequency=…")
    own = [infer_frequency([i]) for i in indexes]
    if all(own):
        apart = [(n, o.frequency.name if o.frequency else ROWS) for n, o in zip(names, own, strict=True) if o]
        other = next((pair for pair in apart if pair[1] != apart[longest][1]), apart[0])
        return DataError(
            f"{name}: is at frequency {apart[longest][1]!r}, and {other[0]} at {other[1]!r}: one frequency "
            "is needed for all; leave some out, or give it: frequency=…"
        )
    usual = usual_distance(index)
    off = index[np.asarray((index - index[0]) % usual != pd.Timedelta(0))]
    wrong = f"{len(off):,} are off that grid ({some(off)})" if len(off) else "half of them are missing"
    return DataError(
        f"{name}: no frequency fits its time stamps: most are {usual} apart, but {wrong}; correct them, give "
        "the frequency, or count rows as steps: frequency=rows"
    )
