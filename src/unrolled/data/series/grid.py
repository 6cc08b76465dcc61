"""Put rows with time stamps on an even grid: sort, merge duplicates, fill gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.config import TimeRulesConfig
from unrolled.data.series.frequency import OFF, Frequency
from unrolled.data.series.gaps import fill, list_stamps
from unrolled.data.series.inference import Inferred
from unrolled.data.series.series import Series, SeriesNotes, with_verb
from unrolled.data.series.table_frequency import common_frequency
from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

LONGEST = 10_000_000
"""Maximum number of steps of a grid that is mostly empty."""
FEW = 0.01
"""Maximum fraction of rows with repeated time stamps that ``auto`` averages."""


@dataclass(frozen=True)
class Rows:
    """Rows of one series, in the order of the table, with the roles of the columns."""

    name: str
    where: str
    """Name of the series in errors."""
    table: pd.DataFrame
    """Column "target" and the covariates, indexed by time stamp or number."""
    known: list[str]
    past: list[str]

    def clean(self, rules: TimeRulesConfig) -> "tuple[Rows, SeriesNotes]":
        """Return the rows sorted by time, without duplicates and empty ends; and counts of the changes."""
        rows = self.table
        backward = (
            int((np.diff(rows.index.asi8) < 0).sum()) if isinstance(rows.index, pd.DatetimeIndex) else 0
        )
        if backward:
            rows = rows.sort_index(kind="stable")
        repeated = int(rows.index.duplicated().sum())
        if repeated:
            rows = _merge_duplicates(rows, rules, self.where)
        rows, cut = _cut_ends(rows, self.known, self.where)
        missing = int(rows.iloc[: _count_observed(rows)].isna().to_numpy().sum())
        notes = SeriesNotes(len(self.table), backward, repeated, 0, missing, 0, cut)
        return replace(self, table=rows), notes


def even_series(
    all_rows: Sequence[Rows], rules: TimeRulesConfig, axis: TimeAxis, longest: int = LONGEST
) -> tuple[list[Series], Inferred]:
    """Return all series of a table on one even time grid, and the frequency.

    Args:
        all_rows: rows of each series.
        rules: handling of uneven or missing time stamps and values.
        axis: time axis of the table; its frequency and season are filled in.
        longest: maximum number of steps of a grid that is mostly empty.

    Raises:
        DataError: if a rule does not allow the data, or no frequency fits all time stamps.
    """
    cleaned = [rows.clean(rules) for rows in all_rows]
    if axis.shown == "steps":
        inferred = Inferred(None, axis.season)
    else:
        inferred = common_frequency(_unique_indexes(rows for rows, _ in cleaned), rules)
    axis = replace(axis, season=inferred.season)
    if inferred.frequency is None:
        return [_make_series(rows, notes, rules, axis) for rows, notes in cleaned], inferred
    return [
        _make_grid_series(rows, notes, rules, axis, inferred.frequency, longest) for rows, notes in cleaned
    ], inferred


def _unique_indexes(all_rows: Iterable[Rows]) -> dict[str, pd.DatetimeIndex]:
    """Return the distinct time indexes by the name of the first series that has each."""
    first: dict[bytes, str] = {}
    indexes = {}
    for rows in all_rows:
        index = rows.table.index
        if first.setdefault(index.asi8.tobytes(), rows.where) == rows.where:
            indexes[rows.where] = index
    return indexes


def _make_series(rows: Rows, notes: SeriesNotes, rules: TimeRulesConfig, axis: TimeAxis) -> Series:
    table = rows.table
    observed = _count_observed(table)
    needed = np.zeros(table.shape, dtype=bool)
    for i, column in enumerate(table.columns):
        needed[: len(table) if column in rows.known else observed, i] = True
    table, filled = fill(table, needed, rules, axis.season, rows.where)
    return Series(
        rows.name,
        table.index,
        table["target"].to_numpy()[:observed],
        table[rows.known].to_numpy(),
        table[rows.past].to_numpy()[:observed],
        replace(notes, filled=filled),
        axis,
    )


def _make_grid_series(
    rows: Rows,
    notes: SeriesNotes,
    rules: TimeRulesConfig,
    axis: TimeAxis,
    frequency: Frequency,
    longest: int,
) -> Series:
    index = rows.table.index
    frequency = frequency.resolve(index)
    steps = _count_steps(index, frequency, rows.where, longest)
    grid = frequency.stamps(index[0], steps)
    axis = replace(axis, frequency=frequency.name)
    notes = replace(notes, gaps=steps - len(index))
    return _make_series(replace(rows, table=rows.table.reindex(grid)), notes, rules, axis)


def _count_steps(index: pd.DatetimeIndex, frequency: Frequency, where: str, longest: int) -> int:
    """Return the number of grid steps from the first to the last time stamp."""
    distance = frequency.at(index[0], np.array([0, 10]))
    if len(distance) == 2 and distance[1] > distance[0]:
        steps = 10 * ((index[-1] - index[0]) / (distance[1] - distance[0]))
        if steps > max(longest, 2 * len(index)):
            raise DataError(
                f"{where}: {len(index):,} time stamps "
                f"from {list_stamps(index[:1])} to {list_stamps(index[-1:])} are {steps:,.0f} "
                f"steps at frequency {frequency.name!r}, too many; give a coarser frequency"
            )
    positions = frequency.positions(index)
    off = index[positions == OFF]
    if len(off):
        raise DataError(
            f"{where}: {with_verb(len(off), 'time stamp')} not at frequency {frequency.name!r}: "
            f"{list_stamps(off)}"
        )
    return int(positions[-1]) + 1


def _merge_duplicates(rows: pd.DataFrame, rules: TimeRulesConfig, where: str) -> pd.DataFrame:
    repeated = rows.index.duplicated()
    count = int(repeated.sum())
    few = count <= FEW * len(rows)
    if rules.duplicates == "error" or (rules.duplicates == "auto" and not few and not _is_consistent(rows)):
        raise DataError(
            f"{where}: {counted(count, 'row')} {'repeats' if count == 1 else 'repeat'} a time stamp "
            f"({list_stamps(rows.index[repeated])}); give the column that names the series (series=), the "
            "zone of local times (timezone=), or duplicates=mean, first or last"
        )
    if rules.duplicates in ("mean", "auto"):
        return rows.groupby(level=0).mean()
    keep: Any = rules.duplicates
    return rows[~rows.index.duplicated(keep=keep)]


def _is_consistent(rows: pd.DataFrame) -> bool:
    """Return whether rows with the same time stamp have the same numbers."""
    return bool((rows.groupby(level=0).nunique(dropna=False) == 1).to_numpy().all())


def _count_observed(rows: pd.DataFrame) -> int:
    """Return the number of rows up to the last one with a target."""
    filled = np.flatnonzero(rows["target"].notna().to_numpy())
    return int(filled[-1]) + 1 if len(filled) else 0


def _cut_ends(rows: pd.DataFrame, known: list[str], where: str) -> tuple[pd.DataFrame, int]:
    """Remove rows before the first target, and rows after the last one that lack known covariates."""
    filled = np.flatnonzero(rows["target"].notna().to_numpy())
    if not len(filled):
        raise DataError(f"{where}: holds no number to forecast")
    end = int(filled[-1]) + 1
    if known:
        complete = rows[known].notna().all(axis=1).to_numpy()[end:]
        end += len(complete) if complete.all() else int(np.argmin(complete))
    trimmed = rows.iloc[int(filled[0]) : end]
    return trimmed, len(rows) - len(trimmed)
