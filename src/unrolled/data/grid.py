"""Rows with time stamps onto an even grid: order, repeated stamps, the frequency, gaps and missing values."""

import numpy as np

from unrolled.data.series import Series, SeriesNotes, TimeRulesConfig
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

SHOWN = 3
DAY = pd.Timedelta("1D")
FREQUENCIES = {"YS": 366, "YE": 366, "QS": 92, "QE": 92, "MS": 31, "ME": 31, "B": 1.5}
"""Distances that are no fixed time, with their mean in days at most; the others are the commonest difference
of the stamps."""
MONTHS = {1: 31, 3: 92, 12: 366}
"""The same of months from the day of the first stamp on."""
LONGEST = 10_000_000
"""Steps of a grid that may lack most of its stamps."""


def even_grid(
    name: str, where: str, rows: pd.DataFrame, rules: TimeRulesConfig, known: list[str], past: list[str]
) -> Series:
    """Return one series on an even grid, with notes of what was done.

    Args:
        name: of the series.
        where: names it in errors.
        rows: "target" and covariates, indexed by time stamp, in the order of the file.
        rules: what to do about what is not as it should be.
        known: columns of covariates known ahead.
        past: columns of covariates known up to the present.

    Raises:
        DataError: if a rule says so, or no frequency fits the stamps.
    """
    count = len(rows)
    backward = int((np.diff(rows.index.asi8) < 0).sum())
    rows = rows.sort_index(kind="stable")
    repeated = int(rows.index.duplicated().sum())
    rows = _unique(rows, rules, where)
    rows, cut = _cut_ends(rows, known, where)
    missing = int(rows.iloc[: _observed(rows)].isna().to_numpy().sum())
    grid = _grid(rows.index, rules.frequency, where)
    gaps = len(grid) - len(rows)
    rows = rows.reindex(grid)
    observed = _observed(rows)
    rows, filled = _fill(rows, observed, rules, where, known, past)
    return Series(
        name,
        grid,
        rows["target"].to_numpy()[:observed],
        rows[known].to_numpy(),
        rows[past].to_numpy()[:observed],
        SeriesNotes(count, backward, repeated, gaps, missing, filled, cut),
    )


def _unique(rows: pd.DataFrame, rules: TimeRulesConfig, where: str) -> pd.DataFrame:
    repeated = rows.index.duplicated()
    if not repeated.any():
        return rows
    if rules.duplicates == "error":
        raise DataError(
            f"{where}: {int(repeated.sum()):,} rows repeat a time stamp ({_some(rows.index[repeated])}); "
            "name the series of each row (series), or say what to do: duplicates=mean, first or last"
        )
    if rules.duplicates == "mean":
        return rows.groupby(level=0).mean()
    return rows[~rows.index.duplicated(keep=rules.duplicates)]


def _observed(rows: pd.DataFrame) -> int:
    """Return how many rows there are up to the last one with a target."""
    there = np.flatnonzero(rows["target"].notna().to_numpy())
    return int(there[-1]) + 1 if len(there) else 0


def _cut_ends(rows: pd.DataFrame, known: list[str], where: str) -> tuple[pd.DataFrame, int]:
    """Leave out rows before the first target, and those after the last without all known covariates."""
    there = np.flatnonzero(rows["target"].notna().to_numpy())
    if not len(there):
        raise DataError(f"{where}: holds no number to forecast")
    end = int(there[-1]) + 1
    if known:
        complete = rows[known].notna().all(axis=1).to_numpy()[end:]
        end += len(complete) if complete.all() else int(np.argmin(complete))
    kept = rows.iloc[int(there[0]) : end]
    return kept, len(rows) - len(kept)


def _fill(
    rows: pd.DataFrame, observed: int, rules: TimeRulesConfig, where: str, known: list[str], past: list[str]
) -> tuple[pd.DataFrame, int]:
    needed = np.zeros(rows.shape, dtype=bool)
    for place, column in enumerate(rows.columns):
        needed[: len(rows) if column in known else observed, place] = True
    empty = rows.isna().to_numpy() & needed
    filled = int(empty.sum())
    if not filled:
        return rows, 0
    if rules.missing == "error":
        stamps = rows.index[empty.any(axis=1)]
        raise DataError(
            f"{where}: {len(stamps):,} time stamps lack a number ({_some(stamps)}); say what to do: "
            "missing=interpolate or forward, or frequency=rows where steps are not evenly spaced"
        )
    done = (
        rows.interpolate(method="linear", limit_area="inside")
        if rules.missing == "interpolate"
        else rows.ffill()
    )
    done = done.ffill() if rules.missing == "interpolate" else done
    left = done.isna().to_numpy() & needed
    if left.any():
        column = rows.columns[int(np.argmax(left.any(axis=0)))]
        stamps = rows.index[left.any(axis=1)]
        raise DataError(
            f"{where}: column {column!r} is empty at the beginning ({_some(stamps)}), where there is "
            "nothing to fill it from; leave those rows out"
        )
    return done, filled


def _grid(index: pd.DatetimeIndex, frequency: str, where: str) -> pd.DatetimeIndex:
    """Return the even time stamps from the first to the last of ``index``."""
    if frequency == "rows":
        return pd.DatetimeIndex(index, freq=None)
    if frequency:
        try:
            steps = _steps_at_least(index, frequency)
            if steps > max(LONGEST, 2 * len(index)):
                raise DataError(
                    f"{where}: {len(index):,} time stamps from {_some(index[:1])} to {_some(index[-1:])} are "
                    f"{steps:,.0f} steps at frequency {frequency!r}, too many; give a longer one"
                )
            grid = pd.date_range(index[0], index[-1], freq=frequency)
        except DataError:
            raise
        except (ValueError, OverflowError):
            raise DataError(
                f"frequency={frequency!r}: is not one; write h, D, B, W, MS, ME, QS, YS, 15min, … or rows"
            ) from None
        off = index.difference(grid)
        if len(off):
            raise DataError(
                f"{where}: {len(off):,} time stamps are not at frequency {frequency!r}: {_some(off)}"
            )
        return grid
    return _inferred(index, where)


def _inferred(index: pd.DatetimeIndex, where: str) -> pd.DatetimeIndex:
    """Return the coarsest even grid that holds every stamp, at least half of which are there."""
    if len(index) < 3:
        raise DataError(f"{where}: {len(index)} time stamps do not tell a frequency; give it: frequency=…")
    span = index[-1] - index[0]
    usual = pd.Series(index[1:] - index[:-1]).mode().iloc[0]
    whole_days = usual % DAY == pd.Timedelta(0)
    distances = [(f"{usual.days}D" if whole_days else usual, usual)]
    if usual >= DAY:
        irregular = [*FREQUENCIES.items(), *((pd.DateOffset(months=m), days) for m, days in MONTHS.items())]
        distances = [(f, days * DAY) for f, days in irregular] + distances
    fitting = []
    for frequency, longest in distances:
        if span / longest <= 2 * len(index) + 1:  # a grid of more is never taken, and may be endless
            grid = pd.date_range(index[0], index[-1], freq=frequency)
            if not len(index.difference(grid)) and len(grid) <= 2 * len(index):
                fitting.append(grid)
    if not fitting:
        off = index[(index - index[0]) % usual != pd.Timedelta(0)]
        wrong = f"{len(off):,} are off that grid ({_some(off)})" if len(off) else "half of them are missing"
        raise DataError(
            f"{where}: no frequency fits its time stamps: most are {usual} apart, but {wrong}; mend them, "
            "give the frequency, or count rows as steps: frequency=rows"
        )
    return min(fitting, key=len)


def _steps_at_least(index: pd.DatetimeIndex, frequency: str) -> float:
    """Estimate from the first ten steps how many there are from the first to the last stamp.

    Raises:
        ValueError: if it is no frequency.
    """
    first, few = index[0], 10
    distance = first + few * pd.tseries.frequencies.to_offset(frequency) - first
    if distance <= pd.Timedelta(0):
        raise ValueError("not a step forward in time")
    return few * ((index[-1] - first) / distance)


def _some(stamps: pd.DatetimeIndex) -> str:
    shown = ", ".join(str(s).removesuffix(" 00:00:00") for s in stamps.unique()[:SHOWN])
    return shown + (", …" if len(stamps.unique()) > SHOWN else "")
