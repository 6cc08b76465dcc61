"""Read the time of each row of a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from unrolled.data.series.axis import ROWS, TimeAxis
from unrolled.data.series.cells import Cells, texts_of
from unrolled.data.series.config import ColumnsConfig, TimeRulesConfig
from unrolled.data.series.dates import EARLIEST, LATEST, UNIX
from unrolled.data.series.footer import drop_footer
from unrolled.data.series.joined_times import join_texts
from unrolled.data.series.season_columns import Cycle, detect_cycle
from unrolled.data.series.stamps import ParsedStamps, choose_form, parse_with_format, read_forms
from unrolled.data.series.time_search import COUNTED, are_dates, find_time, is_row_number
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd


@dataclass(frozen=True)
class Times:
    """Time of each row: time stamps or step numbers."""

    index: pd.Index
    """DatetimeIndex, in UTC if the time stamps have a zone or offset; or whole numbers."""
    columns: tuple[str, ...] = ()
    """Columns that contain the time."""
    form: str = ""
    """Value of ``--time-format``."""
    offsets: "pd.Series[pd.Timedelta] | None" = None
    axis: TimeAxis = field(default_factory=TimeAxis)
    notes: tuple[str, ...] = ()
    cells: Cells | None = None
    """The table without notes at its end."""


def read_times(
    cells: Cells, columns: ColumnsConfig, rules: TimeRulesConfig, assigned: Sequence[str]
) -> Times:
    """Return the time of each row of a table.

    Args:
        cells: the table.
        columns: roles of the columns that are given.
        rules: with ``frequency`` "rows", the table may have no time column.
        assigned: columns that have another role.

    Raises:
        DataError: if no column contains the time and rows cannot count as steps, or a time cannot be parsed.
    """
    if columns.time:
        parts = time_parts(cells, columns.time)
        if parts is None and _has_times(cells.index):
            return _read_index(cells)
        if parts is None and not cells.named:
            return _number_rows(cells, ())
        parts = parts or (cells.names[cells.find_column(columns.time)],)
        return _read_columns(cells, parts, columns.time_format, rules)
    if _has_times(cells.index):
        return _read_index(cells)
    free = [name for name in cells.names if name not in assigned and cells.names.count(name) == 1]
    time_columns = find_time(cells, free, columns.time_format)
    if time_columns:
        times = _read_columns(cells, time_columns, columns.time_format, rules)
        return replace(times, notes=(f"time is {' + '.join(map(repr, time_columns))} (--time)", *times.notes))
    return _count_rows(cells, free, rules)


def time_parts(cells: Cells, time: str) -> tuple[str, ...] | None:
    """Return the column names in ``--time``, one or several joined by +; None if one does not exist."""
    parts = (time,) if time in cells.names else tuple(part.strip() for part in time.split("+"))
    return parts if all(part in cells.names for part in parts) else None


def _has_times(index: pd.Index | None) -> bool:
    if index is None or isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return index is not None
    return pd.api.types.is_string_dtype(index.dtype) and are_dates(texts_of(index.to_series()))


def _read_index(cells: Cells) -> Times:
    index = cells.index
    assert index is not None
    axis = TimeAxis()
    if isinstance(index, pd.PeriodIndex):
        axis = TimeAxis(shown="periods", period=str(index.freqstr))
        index = index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex):
        parsed = choose_form(read_forms(texts_of(pd.Series(index)), numbers=False), cells.where)
        return _make_times(cells, parsed, texts_of(pd.Series(index)), ())
    if index.hasnans:
        raise DataError(f"{cells.at(int(np.argmax(index.isna())))}: the index has no time stamp")
    return Times(pd.DatetimeIndex(index, freq=None).rename(None), axis=axis, cells=cells)


def _read_columns(cells: Cells, names: Sequence[str], form: str, rules: TimeRulesConfig) -> Times:
    column = cells.column(names[0])
    if len(names) == 1 and pd.api.types.is_datetime64_any_dtype(column):
        return replace(_read_index(replace(cells, index=pd.DatetimeIndex(column))), columns=tuple(names))
    if len(names) == 1 and isinstance(column.dtype, pd.PeriodDtype):
        return replace(_read_index(replace(cells, index=pd.PeriodIndex(column))), columns=tuple(names))
    texts = (
        join_texts([texts_of(cells.column(n)) for n in names], names) if len(names) > 1 else texts_of(column)
    )
    cells, texts = drop_footer(cells, texts, names)
    if form:
        return _make_times(cells, parse_with_format(texts, form), texts, tuple(names), given_form=form)
    readings = read_forms(texts)
    cycle = detect_cycle(texts) if not readings and len(names) == 1 else None
    if not readings and cycle is not None:
        return _make_cycle_times(cells, cycle, tuple(names))
    if not readings and rules.frequency == ROWS:
        return replace(_number_rows(cells, names), columns=tuple(names))
    if not readings:
        row = next((i for i, t in enumerate(texts) if isinstance(t, str)), 0)
        raise DataError(
            f"{cells.at(row)}: {column.iloc[row]!r:.60} in column {names[0]!r} is not a time stamp, such as "
            "2003-12-31 or 31.12.2003 13:00; give its format, such as time_format='%d-%m-%Y %H:%M', or the "
            "column: time="
        )
    where = f"{cells.where}: column {names[0]!r}"
    return _make_times(cells, choose_form(readings, where), texts, tuple(names))


def _make_times(
    cells: Cells, parsed: ParsedStamps, texts: "pd.Series[str]", names: tuple[str, ...], given_form: str = ""
) -> Times:
    bad = parsed.values.isna().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        column = f" in column {names[0]!r}" if names else ""
        raise DataError(
            f"{cells.at(row)}: {texts.iloc[row]!r:.60}{column} is not a time in the format "
            f"{parsed.form.name!r} in the years {EARLIEST} to {LATEST}"
            + ("" if given_form else ", unlike the other rows; correct it, or give the format: time_format=")
        )
    index = pd.DatetimeIndex(parsed.values)
    if parsed.offsets is not None:
        index = index.tz_localize("UTC")
    notes: tuple[str, ...] = ()
    if names and not given_form and not parsed.form.name.startswith(("%Y-%m", "%Y/%m")):
        first = str(index[0]).removesuffix(" 00:00:00")
        form = f"unix time in {parsed.form.name}" if parsed.form.name in UNIX else repr(parsed.form.name)
        notes = (f"dates have the format {form}, the first is {first} (--time-format)",)
    return Times(index, names, parsed.form.option, parsed.offsets, notes=notes, cells=cells)


def _make_cycle_times(cells: Cells, cycle: Cycle, names: tuple[str, ...]) -> Times:
    note = (
        f"{names[0]!r} counts {cycle.description}: each row is a step, {cycle.season} of them a cycle "
        "(--season)"
    )
    axis = TimeAxis(season=cycle.season, shown="steps")
    return Times(_make_range(len(cells.lines)), names, axis=axis, notes=(note,), cells=cells)


def _count_rows(cells: Cells, free: Sequence[str], rules: TimeRulesConfig) -> Times:
    """Count rows as steps, for data in memory, if requested, or if there is only one column of numbers."""
    counters = [n for n in free if COUNTED.fullmatch(n) and is_row_number(cells.column(n))]
    named = [n for n in counters if n.lower() in ("t", "time", "step", "steps")]
    if cells.index is not None:
        return replace(_number_rows(cells, counters), columns=tuple(counters))
    if named or rules.frequency == ROWS or len(free) - len(counters) <= 1:
        times = _number_rows(cells, counters)
        return replace(times, notes=("no column contains the time: each row is a step (--time)",))
    names = ", ".join(map(repr, cells.names[:8]))
    raise DataError(
        f"{cells.where}: no column contains the time of the rows (there are {names}); name it: time=, or "
        "count each row as a step: frequency=rows"
    )


def _number_rows(cells: Cells, counters: Sequence[str]) -> Times:
    index = cells.index
    axis = TimeAxis(shown="steps")
    if isinstance(index, pd.RangeIndex):
        return Times(pd.Index(index.to_numpy()), axis=replace(axis, step=index.step), cells=cells)
    if index is not None and pd.api.types.is_integer_dtype(index.dtype):
        steps = np.diff(index.to_numpy())
        step = int(steps[0]) if len(steps) else 1
        if len(steps) == 0 or (step > 0 and (steps == step).all()):
            return Times(pd.Index(index.to_numpy()), axis=replace(axis, step=step), cells=cells)
    if counters:
        first = int(float(cells.column(counters[0]).iloc[0]))
        return Times(_make_range(len(cells.lines), first), tuple(counters[:1]), axis=axis, cells=cells)
    return Times(_make_range(len(cells.lines)), axis=axis, cells=cells)


def _make_range(length: int, first: int = 1) -> pd.Index:
    return pd.Index(np.arange(first, first + length))
