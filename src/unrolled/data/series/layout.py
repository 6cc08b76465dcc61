"""Determine the role of each column of a table: time, name of the series, numbers to forecast."""

from dataclasses import dataclass, replace

import numpy as np

from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.cells import Cells
from unrolled.data.series.config import ColumnsConfig, TimeRulesConfig
from unrolled.data.series.series_columns import find_series, get_labels, split_series_option
from unrolled.data.series.targets import find_targets
from unrolled.data.series.times import Times, read_times, time_parts
from unrolled.data.series.zones import Zoned, convert_to_even_zone, local_times
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd


@dataclass(frozen=True)
class Layout:
    """A table with the roles of its columns."""

    cells: Cells
    columns: ColumnsConfig
    """Roles of the columns, all filled in."""
    index: pd.Index
    """Time of each row: time stamps in local time, or step numbers."""
    zone: str
    """Value of ``--timezone``; empty for time stamps without a zone."""
    axis: TimeAxis
    labels: "pd.Series[str]"
    """Name of the series of each row; empty if the table has one series."""
    notes: tuple[str, ...]


def read_layout(cells: Cells, columns: ColumnsConfig, rules: TimeRulesConfig) -> Layout:
    """Detect the roles that the configuration leaves empty.

    Raises:
        DataError: if a column does not exist or has two roles, or a role is ambiguous.
    """
    parts = split_series_option(cells, columns.series)
    assigned = [
        cells.names[cells.find_column(n)] for n in (*parts, *columns.target, *columns.known, *columns.past)
    ]
    _check_roles(cells, columns)
    times = read_times(cells, columns, rules, assigned)
    cells = times.cells or cells
    free = [n for n in dict.fromkeys(cells.names) if n not in (*times.columns, *assigned)]
    if not parts:
        parts = find_series(cells, times.index, free)
        free = [n for n in free if n not in parts]
    labels = get_labels(cells, parts)
    zoned = _localise(times, rules, labels, cells.where)
    notes = [*cells.notes, *times.notes, *filter(None, [zoned.note])]
    if parts and not columns.series:
        notes.append(f"{labels.nunique():,} series, named by {' + '.join(map(repr, parts))} (--series)")
    target = columns.target
    if not target:
        target, target_notes = find_targets(cells, zoned.index, free)
        notes += target_notes
    filled = replace(
        columns,
        time=columns.time or "+".join(times.columns),
        time_format=columns.time_format or times.form,
        target=tuple(cells.names[cells.find_column(n)] for n in target),
        series=columns.series or "+".join(parts),
    )
    return Layout(cells, filled, zoned.index, zoned.zone, times.axis, labels, tuple(notes))


def _check_roles(cells: Cells, columns: ColumnsConfig) -> None:
    target = [cells.names[cells.find_column(n)] for n in columns.target]
    times = time_parts(cells, columns.time) or (columns.time,)
    if set(times) & set(target):
        raise DataError(
            f"{cells.where}: column {columns.time!r} is both the target and the time; name another column "
            "for the time stamps: time=…"
        )
    for name in (*columns.known, *columns.past):
        if cells.names[cells.find_column(name)] in target:
            raise DataError(f"{cells.where}: column {name!r} is both the target and a covariate")


def _localise(times: Times, rules: TimeRulesConfig, labels: "pd.Series[str]", where: str) -> Zoned:
    index, zone = times.index, rules.timezone
    if not isinstance(index, pd.DatetimeIndex):
        return Zoned(index, zone)
    if index.tz is None:
        if not zone:
            return Zoned(index, "")
        return Zoned(local_times(index, zone, np.asarray(labels), where), zone)
    if zone:
        return Zoned(index.tz_convert(zone), zone)
    return convert_to_even_zone(index, times.offsets)
