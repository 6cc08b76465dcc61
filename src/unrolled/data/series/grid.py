"""Rows with time stamps onto an even grid: order, repeated stamps, missing steps and values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.config import TimeRulesConfig
from unrolled.data.series.frequency import OFF, Frequency
from unrolled.data.series.gaps import fill, some
from unrolled.data.series.inference import Inferred
from unrolled.data.series.series import Series, SeriesNotes
from unrolled.data.series.table_frequency import common_frequency
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

LONGEST = 10_000_000
"""Steps of a grid that may lack most of its stamps."""
FEW = 0.01
"""Share of rows that may repeat a time stamp and are averaged without being asked."""


@dataclass(frozen=True)
class Rows:
    """The rows of one series in the order of the table, and the roles of their columns."""

    name: str
    where: str
    """Names the series in errors."""
    table: pd.DataFrame
    """"target" and the covariates, indexed by time stamp or number."""
    known: list[str]
    past: list[str]

    def sorted(self, rules: TimeRulesConfig) -> "tuple[Rows, SeriesNotes]":
        """Return the rows in order of time, each stamp once, without empty ends; and what was done."""
        rows = self.table
        backward = (
            int((np.diff(rows.index.asi8) < 0).sum()) if isinstance(rows.index, pd.DatetimeIndex) else 0
        )
        if backward:
            rows = rows.sort_index(kind="stable")
        repeated = int(rows.index.duplicated().sum())
        if repeated:
            rows = _unique(rows, rules, self.where)
        rows, cut = _cut_ends(rows, self.known, self.where)
        missing = int(rows.iloc[: _observed(rows)].isna().to_numpy().sum())
        notes = SeriesNotes(len(self.table), backward, repeated, 0, missing, 0, cut)
        return replace(self, table=rows), notes


def even_series(
    every: Sequence[Rows], rules: TimeRulesConfig, axis: TimeAxis
) -> tuple[list[Series], Inferred]:
    """Return every series of a table on one even grid of time, and the frequency.

    Args:
        every: the rows of each series.
        rules: what happens to what is uneven or missing.
        axis: how the table tells time; its frequency is filled in.

    Raises:
        DataError: if a rule says so, or no one frequency fits the stamps.
    """
    ordered = [rows.sorted(rules) for rows in every]
    if axis.shown == "steps":
        told = Inferred(None, axis.season)
    else:
        told = common_frequency(_different(rows for rows, _ in ordered), rules)
    axis = replace(axis, season=told.season)
    if told.frequency is None:
        return [_each_row_a_step(rows, notes, rules, axis) for rows, notes in ordered], told
    return [_on_grid(rows, notes, rules, axis, told.frequency) for rows, notes in ordered], told


def _different(every: Iterable[Rows]) -> dict[str, pd.DatetimeIndex]:
    """Return the time stamps of each series by its name in errors, the same ones once."""
    first: dict[bytes, str] = {}
    found = {}
    for rows in every:
        index = rows.table.index
        if first.setdefault(index.asi8.tobytes(), rows.where) == rows.where:
            found[rows.where] = index
    return found


def _each_row_a_step(rows: Rows, notes: SeriesNotes, rules: TimeRulesConfig, axis: TimeAxis) -> Series:
    table = rows.table
    observed = _observed(table)
    needed = np.zeros(table.shape, dtype=bool)
    for place, column in enumerate(table.columns):
        needed[: len(table) if column in rows.known else observed, place] = True
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


def _on_grid(
    rows: Rows, notes: SeriesNotes, rules: TimeRulesConfig, axis: TimeAxis, frequency: Frequency
) -> Series:
    index = rows.table.index
    frequency = frequency.resolve(index)
    steps = _length(index, frequency, rows.where)
    grid = frequency.stamps(index[0], steps)
    axis = replace(axis, frequency=frequency.name)
    notes = replace(notes, gaps=steps - len(index))
    return _each_row_a_step(replace(rows, table=rows.table.reindex(grid)), notes, rules, axis)


def _length(index: pd.DatetimeIndex, frequency: Frequency, where: str) -> int:
    """Return the steps from the first to the last stamp."""
    distance = frequency.at(index[0], np.array([0, 10]))
    if len(distance) == 2 and distance[1] > distance[0]:
        steps = 10 * ((index[-1] - index[0]) / (distance[1] - distance[0]))
        if steps > max(LONGEST, 2 * len(index)):
            raise DataError(
                f"{where}: {len(index):,} time stamps from {some(index[:1])} to {some(index[-1:])} are "
                f"{steps:,.0f} steps at frequency {frequency.name!r}, too many; give a longer one"
            )
    places = frequency.places(index)
    off = index[places == OFF]
    if len(off):
        raise DataError(
            f"{where}: {len(off):,} time stamps are not at frequency {frequency.name!r}: {some(off)}"
        )
    return int(places[-1]) + 1


def _unique(rows: pd.DataFrame, rules: TimeRulesConfig, where: str) -> pd.DataFrame:
    repeated = rows.index.duplicated()
    count = int(repeated.sum())
    few = count <= FEW * len(rows)
    if rules.duplicates == "error" or (rules.duplicates == "auto" and not few and not _equal(rows)):
        raise DataError(
            f"{where}: {count:,} rows repeat a time stamp ({some(rows.index[repeated])}); "
            "name the series of each row (series=), the zone of local times (timezone=), or say what to do: "
            "duplicates=mean, first or last"
        )
    if rules.duplicates in ("mean", "auto"):
        return rows.groupby(level=0).mean()
    keep: Any = rules.duplicates
    return rows[~rows.index.duplicated(keep=keep)]


def _equal(rows: pd.DataFrame) -> bool:
    """Return whether rows of one stamp have the same numbers."""
    return bool((rows.groupby(level=0).nunique(dropna=False) == 1).to_numpy().all())


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
