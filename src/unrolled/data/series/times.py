"""Which column tells the time of a row, and the time of each row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unrolled.data.series.axis import ROWS, TimeAxis
from unrolled.data.series.cells import Cells, is_blank
from unrolled.data.series.config import ColumnsConfig, TimeRulesConfig
from unrolled.data.series.dates import EARLIEST, LATEST
from unrolled.data.series.cycles import Cycle, cycle_of
from unrolled.data.series.inference import infer_frequency
from unrolled.data.series.joined import joined_columns, joined_texts
from unrolled.data.series.stamps import Written, choose_form, read_forms, read_given
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

NAMED = re.compile(
    r"(?i)(.*[ _.])?(date|datetime|time|timestamp|stamp|ds|year|month|yearmon|yearmonth|week|quarter|period|day|"
    r"datum|jahr|monat|zeit|fecha|data|date_?time|utc|local_?time)([ _.].*)?"
)
"""Names of columns whose plain numbers may be dates."""
COUNTED = re.compile(r"(?i)|unnamed: ?\d+|rownames?|row\.?names|index|no\.?|nr\.?|#|id|step|steps|t|time|row|rownumber|obs|observation")
"""Names of columns that number the rows."""
FOOTER = 10
"""Lines below a table that may be notes."""


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
        if parts is None and rules.frequency == ROWS and cells.index is not None:
            return _numbered(cells, ())
        return _of_columns(cells, parts or (columns.time,), columns.time_format, rules)
    if _tells_time(cells.index):
        return _of_index(cells)
    free = [name for name in cells.names if name not in taken and cells.names.count(name) == 1]
    found = _find(cells, free, columns.time_format)
    if found:
        times = _of_columns(cells, found, columns.time_format, rules)
        return replace(times, notes=(f"time is {' + '.join(map(repr, found))} (--time)", *times.notes))
    return _rows(cells, free, rules)


def time_parts(cells: Cells, time: str) -> tuple[str, ...] | None:
    """Return the columns of ``--time``, one or several joined by +; None if they are not there."""
    if time in cells.names:
        return (time,)
    parts = tuple(part.strip() for part in time.split("+"))
    return parts if len(parts) > 1 and all(p in cells.names for p in parts) else None


def _tells_time(index: pd.Index | None) -> bool:
    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or (
        index is not None and index.dtype == object and bool(len(index)) and _dated(_texts(pd.Series(index)))
    )


def _of_index(cells: Cells) -> Times:
    index = cells.index
    assert index is not None
    axis = TimeAxis()
    if isinstance(index, pd.PeriodIndex):
        axis = TimeAxis(shown="periods", period=str(index.freqstr))
        index = index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex):
        written = choose_form(read_forms(_texts(pd.Series(index)), numbers=False), cells.where)
        return _of_written(cells, written, _texts(pd.Series(index)), ())
    if index.hasnans:
        raise DataError(f"{cells.at(int(np.argmax(index.isna())))}: the index holds no time stamp")
    return Times(pd.DatetimeIndex(index, freq=None).rename(None), axis=axis, cells=cells)


def _of_columns(cells: Cells, names: Sequence[str], form: str, rules: TimeRulesConfig) -> Times:
    column = cells.column(names[0])
    if len(names) == 1 and pd.api.types.is_datetime64_any_dtype(column):
        return _of_index(replace(cells, index=pd.DatetimeIndex(column)))
    if len(names) == 1 and isinstance(column.dtype, pd.PeriodDtype):
        return _of_index(replace(cells, index=pd.PeriodIndex(column)))
    texts = joined_texts([_texts(cells.column(n)) for n in names], names) if len(names) > 1 else _texts(column)
    if form:
        return _of_written(cells, read_given(texts, form), texts, tuple(names), given=form)
    cells, texts = _without_notes(cells, texts, names)
    found = read_forms(texts)
    cycle = cycle_of(texts) if not found and len(names) == 1 else None
    if not found and cycle is not None:
        return _of_cycle(cells, cycle, tuple(names))
    if not found and rules.frequency == ROWS:
        return replace(_numbered(cells, names), columns=tuple(names))
    if not found:
        row = next((i for i, t in enumerate(texts) if isinstance(t, str)), 0)
        raise DataError(
            f"{cells.at(row)}: {column.iloc[row]!r} in column {names[0]!r} is not a time stamp, such as 2003-12-31 "
            "or 31.12.2003 13:00; give its form, such as time_format='%d-%m-%Y %H:%M', or the column: time="
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
            f"{cells.at(row)}: {texts.iloc[row]!r}{column} is not a time of the form {written.form.name!r} in the "
            f"years {EARLIEST} to {LATEST}"
            + ("" if given else ", as the other rows are; correct it, or give the form: time_format=")
        )
    index = pd.DatetimeIndex(written.values)
    if written.offsets is not None:
        index = index.tz_localize("UTC")
    notes = () if given or written.form.name.startswith(("%Y-%m", "%Y/%m")) or not names else (
        f"dates are of the form {written.form.name!r}, the first is {str(index[0]).removesuffix(' 00:00:00')} "
        "(--time-format)",
    )
    return Times(index, names, written.form.stored, written.offsets, notes=notes, cells=cells)


def _of_cycle(cells: Cells, cycle: Cycle, names: tuple[str, ...]) -> Times:
    note = f"{names[0]!r} counts {cycle.what}: each row is a step, a season is {cycle.season} (--frequency, --season)"
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
        f"{cells.where}: no column tells the time of its rows (there are {names}); name it: time=, or say that "
        "each row is a step after the row before: frequency=rows"
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


def _find(cells: Cells, free: Sequence[str], form: str) -> tuple[str, ...]:
    """Return the columns that tell the time; none if there are none."""
    dated = [n for n in free if _is_dated(cells.column(n))]
    if form:
        dated = [n for n in free if read_given(_texts(cells.column(n)), form).read > len(cells.lines) / 2] or dated
    if dated:
        best = next((n for n in dated if len(dated) > 1 and _is_even(cells.column(n))), dated[0])
        clock = joined_columns(free, cells.column, best)
        return clock or (best,)
    parts = joined_columns(free, cells.column)
    if parts:
        return parts
    cycles = [n for n in free[:2] if cycle_of(_texts(cells.column(n))) is not None]
    if cycles:
        return (cycles[0],)
    numbers = [n for n in free if _is_numeric_date(cells.column(n), named=bool(NAMED.fullmatch(n)))]
    return (numbers[0],) if numbers else ()


def _is_dated(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return True
    return not pd.api.types.is_numeric_dtype(column) and _dated(_texts(column))


def _dated(texts: "pd.Series[str]") -> bool:
    """Tell whether most texts are dates, and no plain numbers."""
    sample = texts.dropna().iloc[: 5 * 300 : 5] if len(texts) > 1500 else texts.dropna()
    found = read_forms(sample, numbers=False)
    return bool(found) and found[0].read > 0.5 * len(sample)


def _is_even(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column):
        values = column
    else:
        found = read_forms(_texts(column), numbers=False)
        values = found[0].values
    return infer_frequency([pd.DatetimeIndex(values.dropna().unique()).sort_values()]) is not None


def _is_numeric_date(column: pd.Series, *, named: bool) -> bool:
    """Tell whether plain numbers are dates: their column is named so, or they rise evenly row by row."""
    texts = _texts(column)
    found = read_forms(texts.iloc[:3000])
    if not found or found[0].read < 0.95 * texts.iloc[:3000].nunique():
        return False
    if named:
        return True
    values = found[0].values.dropna()
    even = values.is_monotonic_increasing and values.is_unique and len(values) >= 8
    return even and _is_even_index(pd.DatetimeIndex(values))


def _is_even_index(index: pd.DatetimeIndex) -> bool:
    inferred = infer_frequency([index])
    if inferred is None or inferred.frequency is None:
        return False
    return int(inferred.frequency.resolve(index).places(index)[-1]) + 1 == len(index)


def counts_rows(column: pd.Series) -> bool:
    """Tell whether a column numbers the rows from 0 or 1."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return bool(len(values)) and values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _without_notes(
    cells: Cells, texts: "pd.Series[str]", names: Sequence[str]
) -> "tuple[Cells, pd.Series[str]]":
    """Leave out the last lines if all they hold is a text where the time would be."""
    others = [c for n, c in zip(cells.names, cells.columns, strict=True) if n not in names]
    end = len(texts)
    while end > 1 and len(texts) - end < FOOTER and all(is_blank(c.iloc[end - 1]) for c in others):
        last = texts.iloc[end - 1]
        if isinstance(last, str) and read_forms(texts.iloc[end - 1 : end]):
            break
        end -= 1
    if end == len(texts) or not others:
        return cells, texts
    kept = np.arange(len(texts)) < end
    count = len(texts) - end
    said = f"{count} line{'s' if count > 1 else ''} below the table left out, the last {texts.iloc[-1]!r:.60}"
    return cells.keep(kept, said), texts[kept]


def _texts(column: pd.Series) -> "pd.Series[str]":
    def text(cell: Any) -> Any:
        if cell is None or cell is pd.NA or cell != cell:
            return np.nan
        return str(cell).strip() or np.nan

    return column.map(text).astype(object).reset_index(drop=True)


def _count(length: int, first: int = 1) -> pd.Index:
    return pd.Index(np.arange(first, first + length))
