"""Read time series from a table.

Roles and formats that the caller leaves open are detected and noted; ambiguous ones are errors.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unrolled.data.series import ColumnsConfig, Series, TimeRulesConfig
from unrolled.data.series.axis import ROWS
from unrolled.data.series.cells import read_cells
from unrolled.data.series.grid import LONGEST, Rows, even_series
from unrolled.data.series.layout import Layout, read_layout
from unrolled.data.series.numbers import read_numbers
from unrolled.data.series.wide import to_long_format
from unrolled.data.tables import TableConfig
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd


@dataclass(frozen=True)
class SeriesTable:
    """Series of a table, with the options and notes of how it was read."""

    series: list[Series]
    columns: ColumnsConfig
    """Role of each column, to read other tables of this form the same way."""
    rules: TimeRulesConfig
    """Rules with the frequency and the time zone filled in."""
    notes: tuple[str, ...]
    """What was detected, one line each."""


def read_series_list(
    source: Any, columns: ColumnsConfig, rules: TimeRulesConfig, table: TableConfig | None = None
) -> list[Series]:
    """Return every series of a table; see :func:`read_series`."""
    return read_series(source, columns, rules, table).series


def read_series(
    source: Any,
    columns: ColumnsConfig,
    rules: TimeRulesConfig,
    table: TableConfig | None = None,
    *,
    longest: int = LONGEST,
) -> SeriesTable:
    """Read every series of a file, a data set by name, or data in memory.

    Args:
        source: path or name of a data set; pandas DataFrame or Series (time stamps in the index or in a
            column); array (T,) or (T, F); list of numbers or of rows.
        columns: role of each column; empty roles are detected.
        rules: handling of uneven or missing time stamps and values.
        table: format of the file.
        longest: maximum number of steps of an even grid that is mostly empty.

    Raises:
        DataError: if the table, a column, a time stamp or a number cannot be used, or is ambiguous.
        ConfigError: if the time zone does not exist.
    """
    roles = (columns.time, columns.series, *columns.target, *columns.known, *columns.past)
    column_names = [name for name in roles if name]
    cells = to_long_format(read_cells(source, table or TableConfig(), column_names, columns.target))
    layout = read_layout(cells, columns, rules)
    numbers, notes = _read_number_columns(layout)
    series, inferred = even_series(_group_rows(layout, numbers), rules, layout.axis, longest)
    name = ROWS if inferred.frequency is None else inferred.frequency.name
    if not rules.frequency and layout.axis.shown != "steps":
        notes = (*notes, inferred.note or f"the frequency is {name} (--frequency)")
    rules = replace(rules, frequency=rules.frequency or name, timezone=layout.zone)
    return SeriesTable(series, layout.columns, rules, (*layout.notes, *notes))


def _read_number_columns(layout: Layout) -> "tuple[dict[str, np.ndarray], tuple[str, ...]]":
    """Return the numbers of every used column, and notes on how their cells were read."""
    cells, columns = layout.cells, layout.columns
    number_columns = {
        name: read_numbers(cells.column(name), name, cells.where, cells.lines, cells.decimal)
        for name in (*columns.target, *columns.known, *columns.past)
    }
    values = {name: c.values for name, c in number_columns.items()}
    return values, tuple(c.unit_note for c in number_columns.values() if c.unit_note)


def _group_rows(layout: Layout, numbers: "dict[str, np.ndarray]") -> list[Rows]:
    """Return the rows of each series, one series per label and target."""
    columns, labels = layout.columns, layout.labels
    covariates = [*columns.known, *columns.past]
    rows_of_label = labels.groupby(labels).indices
    series_rows = []
    for label in labels.unique():
        selected = rows_of_label[label]
        for target in columns.target:
            table = {"target": numbers[target][selected]}
            table |= {name: numbers[name][selected] for name in covariates}
            name = " ".join(filter(None, (label, target if label == "" or len(columns.target) > 1 else "")))
            series_rows.append(
                Rows(
                    name,
                    f"{layout.cells.where}: series {name!r}",
                    pd.DataFrame(table, index=layout.index[selected]),
                    list(columns.known),
                    list(columns.past),
                )
            )
    return series_rows
