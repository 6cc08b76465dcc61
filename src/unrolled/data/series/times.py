"""Which column tells the time of a row, and the time of each row."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from unrolled.data.series.axis import ROWS, TimeAxis
from unrolled.data.series.cells import Cells, texts_of
from unrolled.data.series.config import ColumnsConfig, TimeRulesConfig
from unrolled.data.series.cycles import Cycle, cycle_of
from unrolled.data.series.dates import EARLIEST, LATEST, UNIX
from unrolled.data.series.footer import without_footer
from unrolled.data.series.joined import joined_texts
from unrolled.data.series.stamps import Written, choose_form, read_forms, read_given
from unrolled.data.series.time_search import COUNTED, counts_rows, find_time, hold_dates
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd


@dataclass(frozen=True)
class Times:
    """The time of each row: stamps, or numbers of steps."""

    index: pd.Index
    """DatetimeIndex, with a zone where the stamps have one (in UTC); or whole numbers."""
    columns: tuple[str, ...] = ()
    """Where it is from."""
    form: str = ""
    """As ``--time-format`` takes it."""
    offsets: "pd.Series[pd.Timedelta] | None" = None
    axis: TimeAxis = field(default_factory=TimeAxis)
    notes: tuple[str, ...] = ()
    cells: Cells | None = None
    """The table without its notes at the end."""


def read_times(cells: Cells, columns: ColumnsConfig, rules: TimeRulesConfig, taken: Sequence[str]) -> Times:
    """Return the time of each row of a table.

    Args:
        cells: the table.
        columns: which column is what, as far as that is given.
        rules: ``frequency`` "rows" lets a table have no time column.
        taken: names of columns that have another role.

    Raises:
        DataError: if no column tells the time and rows are not steps for certain, or a stamp cannot be read.
    """
    if columns.time:
        parts = time_parts(cells, columns.time)
        if parts is None and _tells_time(cells.index):
            return _of_index(cells)
        if parts is None and not cells.named:
            return _numbered(cells, ())
        parts = parts or (cells.names[cells.place(columns.time)],)
        return _of_columns(cells, parts, columns.time_format, rules)
    if _tells_time(cells.index):
        return _of_index(cells)
    free = [name for name in cells.names if name not in taken and cells.names.count(name) == 1]
    found = find_time(cells, free, columns.time_format)
    if found:
        times = _of_columns(cells, found, columns.time_format, rules)
        return replace(times, notes=(f"time is {' + '.join(map(repr, found))} (--time)", *times.notes))
    return _rows(cells, free, rules)


def time_parts(cells: Cells, time: str) -> tuple[str, ...] | None:
    """Return the columns of ``--time``, one or several joined by +; None if they are not there."""
    parts = (time,) if time in cells.names else tuple(part.strip() for part in time.split("+"))
    return parts if all(part in cells.names for part in parts) else None


def _tells_time(index: pd.Index | None) -> bool:
    if index is None or isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return index is not None
    return pd.api.types.is_string_dtype(index.dtype) and hold_dates(texts_of(index.to_series()))


def _of_index(cells: Cells) -> Times:
    index = cells.index
    assert index is not None
    axis = TimeAxis()
    if isinstance(index, pd.PeriodIndex):
        axis = TimeAxis(shown="periods", period=str(index.freqstr))
        index = index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex):
        written = choose_form(read_forms(texts_of(pd.Series(index)), numbers=False), cells.where)
        return _of_written(cells, written, texts_of(pd.Series(index)), ())
    if index.hasnans:
        raise DataError(f"{cells.at(int(np.argmax(index.isna())))}: the index holds no time stamp")
    return Times(pd.DatetimeIndex(index, freq=None).rename(None), axis=axis, cells=cells)


def _of_columns(cells: Cells, names: Sequence[str], form: str, rules: TimeRulesConfig) -> Times:
    column = cells.column(names[0])
    if len(names) == 1 and pd.api.types.is_datetime64_any_dtype(column):
        return replace(_of_index(replace(cells, index=pd.DatetimeIndex(column))), columns=tuple(names))
    if len(names) == 1 and isinstance(column.dtype, pd.PeriodDtype):
        return replace(_of_index(replace(cells, index=pd.PeriodIndex(column))), columns=tuple(names))
    texts = (
        joined_texts([texts_of(cells.column(n)) for n in names], names)
        if len(names) > 1
        else texts_of(column)
    )
    cells, texts = without_footer(cells, texts, names)
    if form:
        return _of_written(cells, read_given(texts, form), texts, tuple(names), given=form)
    found = read_forms(texts)
    cycle = cycle_of(texts) if not found and len(names) == 1 else None
    if not found and cycle is not None:
        return _of_cycle(cells, cycle, tuple(names))
    if not found and rules.frequency == ROWS:
        return replace(_numbered(cells, names), columns=tuple(names))
    if not found:
        row = next((i for i, t in enumerate(texts) if isinstance(t, str)), 0)
        raise DataError(
            f"{cells.at(row)}: {column.iloc[row]!r:.60} in column {names[0]!r} is not a time stamp, such as "
            "2003-12-31 or 31.12.2003 13:00; give its form, such as time_format='%d-%m-%Y %H:%M', or the "
            "column: time="
        )
    where = f"{cells.where}: column {names[0]!r}"
    return _of_written(cells, choose_form(found, where), texts, tuple(names))


def _of_written(
    cells: Cells, written: Written, texts: "pd.Series[str]", names: tuple[str, ...], given: str = ""
) -> Times:
    bad = written.values.isna().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        column = f" in column {names[0]!r}" if names else ""
        raise DataError(
            f"{cells.at(row)}: {texts.iloc[row]!r:.60}{column} is not a time of the form "
            f"{written.form.name!r} in the years {EARLIEST} to {LATEST}"
            + ("" if given else ", as the other rows are; correct it, or give the form: time_format=")
        )
    index = pd.DatetimeIndex(written.values)
    if written.offsets is not None:
        index = index.tz_localize("UTC")
    notes: tuple[str, ...] = ()
    if names and not given and not written.form.name.startswith(("%Y-%m", "%Y/%m")):
        first = str(index[0]).removesuffix(" 00:00:00")
        form = f"unix time in {written.form.name}" if written.form.name in UNIX else repr(written.form.name)
        notes = (f"dates are of the form {form}, the first is {first} (--time-format)",)
    return Times(index, names, written.form.stored, written.offsets, notes=notes, cells=cells)


def _of_cycle(cells: Cells, cycle: Cycle, names: tuple[str, ...]) -> Times:
    note = f"{names[0]!r} counts {cycle.what}: each row is a step, {cycle.season} of them a cycle (--season)"
    axis = TimeAxis(season=cycle.season, shown="steps")
    return Times(_count(len(cells.lines)), names, axis=axis, notes=(note,), cells=cells)


def _rows(cells: Cells, free: Sequence[str], rules: TimeRulesConfig) -> Times:
    """Return rows as steps: of data in memory, where asked, or of the one column of numbers there is."""
    counted = [n for n in free if COUNTED.fullmatch(n) and counts_rows(cells.column(n))]
    named = [n for n in counted if n.lower() in ("t", "time", "step", "steps")]
    if cells.index is not None:
        return replace(_numbered(cells, counted), columns=tuple(counted))
    if named or rules.frequency == ROWS or len(free) - len(counted) <= 1:
        times = _numbered(cells, counted)
        return replace(times, notes=("no column tells the time: each row is a step (--time)",))
    names = ", ".join(map(repr, cells.names[:8]))
    raise DataError(
        f"{cells.where}: no column tells the time of its rows (there are {names}); name it: time=, or say "
        "that each row is a step after the row before: frequency=rows"
    )


def _numbered(cells: Cells, counted: Sequence[str]) -> Times:
    index = cells.index
    axis = TimeAxis(shown="steps")
    if isinstance(index, pd.RangeIndex):
        return Times(pd.Index(index.to_numpy()), axis=replace(axis, step=index.step), cells=cells)
    if index is not None and pd.api.types.is_integer_dtype(index.dtype):
        steps = np.diff(index.to_numpy())
        step = int(steps[0]) if len(steps) else 1
        if len(steps) == 0 or (step > 0 and (steps == step).all()):
            return Times(pd.Index(index.to_numpy()), axis=replace(axis, step=step), cells=cells)
    if counted:
        first = int(float(cells.column(counted[0]).iloc[0]))
        return Times(_count(len(cells.lines), first), tuple(counted[:1]), axis=axis, cells=cells)
    return Times(_count(len(cells.lines)), axis=axis, cells=cells)


def _count(length: int, first: int = 1) -> pd.Index:
    return pd.Index(np.arange(first, first + length))
