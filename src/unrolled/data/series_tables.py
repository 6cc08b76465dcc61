"""Series out of a table: what has one meaning is taken, and said; what has two is refused."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unrolled.data.series import ColumnsConfig, Series, TimeRulesConfig
from unrolled.data.series.axis import ROWS
from unrolled.data.series.cells import read_cells
from unrolled.data.series.grid import Rows, even_series
from unrolled.data.series.layout import Layout, read_layout
from unrolled.data.series.numbers import read_numbers
from unrolled.data.series.wide import turn_down
from unrolled.data.tables import TableConfig
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd


@dataclass(frozen=True)
class SeriesTable:
    """The series of a table, and how it was read."""

    series: list[Series]
    columns: ColumnsConfig
    """Which column was taken for what, so that other tables of this form are read alike."""
    rules: TimeRulesConfig
    """With the frequency and the time zone."""
    notes: tuple[str, ...]
    """What was taken for what, one line each."""


def open_series(
    source: Any, columns: ColumnsConfig, rules: TimeRulesConfig, table: TableConfig | None = None
) -> list[Series]:
    """Return every series of a table; see :func:`read_series`."""
    return read_series(source, columns, rules, table).series


def read_series(
    source: Any, columns: ColumnsConfig, rules: TimeRulesConfig, table: TableConfig | None = None
) -> SeriesTable:
    """Read every series of a file, a data set by name, or data in memory.

    Args:
        source: path or name of a data set; DataFrame or Series of pandas (time stamps as its index or a
            column); array (T,) or (T, F); list of numbers or of rows.
        columns: which column is what; what is left empty is found.
        rules: what happens to what is uneven or missing.
        table: how a file is written.

    Raises:
        DataError: if the table, a column, a stamp or a number cannot be used, or has two readings.
        ConfigError: if there is no such time zone.
    """
    asked = [n for n in (columns.time, columns.series, *columns.target, *columns.known, *columns.past) if n]
    cells = turn_down(read_cells(source, table or TableConfig(), asked, columns.target))
    layout = read_layout(cells, columns, rules)
    numbers, notes = _numbers(layout)
    series, told = even_series(_rows(layout, numbers), rules, layout.axis)
    name = ROWS if told.frequency is None else told.frequency.name
    if not rules.frequency and layout.axis.shown != "steps":
        notes = (*notes, told.note or f"the frequency is {name} (--frequency)")
    rules = replace(rules, frequency=rules.frequency or name, timezone=layout.zone)
    return SeriesTable(series, layout.columns, rules, (*layout.notes, *notes))


def _numbers(layout: Layout) -> "tuple[dict[str, np.ndarray], tuple[str, ...]]":
    """Return the numbers of every column that is used, and what is said of their cells."""
    cells, columns = layout.cells, layout.columns
    read = {
        name: read_numbers(cells.column(name), name, cells.where, cells.lines, cells.decimal)
        for name in (*columns.target, *columns.known, *columns.past)
    }
    return {name: r.values for name, r in read.items()}, tuple(r.note for r in read.values() if r.note)


def _rows(layout: Layout, numbers: "dict[str, np.ndarray]") -> list[Rows]:
    """Return the rows of each series: of each label and each target."""
    columns, labels = layout.columns, layout.labels
    covariates = [*columns.known, *columns.past]
    places = labels.groupby(labels).indices
    found = []
    for label in labels.unique():
        mine = places[label]
        for target in columns.target:
            table = {"target": numbers[target][mine]} | {name: numbers[name][mine] for name in covariates}
            name = " ".join(filter(None, (label, target if label == "" or len(columns.target) > 1 else "")))
            found.append(
                Rows(
                    name,
                    f"{layout.cells.where}: series {name!r}",
                    pd.DataFrame(table, index=layout.index[mine]),
                    list(columns.known),
                    list(columns.past),
                )
            )
    return found
