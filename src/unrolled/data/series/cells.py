"""The cells of a table, whatever it was given as: a file, a DataFrame, an array, a list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data.catalogue.dataset import SERIES
from unrolled.data.catalogue.lookup import locate
from unrolled.data.series.stamps import read_forms
from unrolled.data.tables import Table, TableConfig, is_missing, is_number, is_time, read_table
from unrolled.data.tables.header import is_header
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

FEWEST_DATES = 4
"""Dates in a header from which on they are the steps, and rows the series."""


@dataclass(frozen=True, repr=False)
class Cells:
    """Columns by name, and where each row comes from."""

    where: str
    """Names the table in errors."""
    names: list[str]
    columns: list[pd.Series]
    lines: list[int]
    """Line of the file, or number of the row from 0."""
    index: pd.Index | None = None
    """Of a DataFrame or Series; None for files."""
    decimal: str = ""
    row: str = "line"
    """Word for a row in errors."""
    has_header: bool = True
    named: bool = True
    """False for arrays and lists, whose columns have no names."""
    notes: tuple[str, ...] = ()

    def place(self, name: str) -> int:
        """Return where a column is, by its name, or by its number from 1.

        Raises:
            DataError: if there is none, or there are two.
        """
        first = [] if self.has_header else [[c.iloc[0] for c in self.columns]]
        return Table(Path(self.where), self.names, self.has_header, first, [0]).place(name)

    def column(self, name: str) -> pd.Series:
        """Return a column; see :meth:`place`."""
        return self.columns[self.place(name)]

    def at(self, row: int) -> str:
        """Name a row in errors."""
        return f"{self.where}, {self.row} {self.lines[row]}"

    def keep(self, rows: "np.ndarray", *notes: str) -> "Cells":
        """Return the rows for which ``rows`` is true."""
        return replace(
            self,
            columns=[c[rows].reset_index(drop=True) for c in self.columns],
            lines=[line for line, kept in zip(self.lines, rows, strict=True) if kept],
            index=None if self.index is None else self.index[rows],
            notes=(*self.notes, *notes),
        )


def read_cells(source: Any, config: TableConfig, asked: Sequence[str], target: Sequence[str] = ()) -> Cells:
    """Return the cells of a file, a data set by name, or data in memory.

    Args:
        source: a path or the name of a data set; a DataFrame or Series of pandas; an array (T,) or (T, F);
            a list of numbers or of rows.
        config: how a file is written.
        asked: names of columns that the caller gave.
        target: names of the columns of data that have none.

    Raises:
        DataError: if it is none of these, or holds no rows.
    """
    if isinstance(source, str | Path):
        return _of_file(locate(source, SERIES), str(source), config, asked)
    frame = _frame(source)
    if not len(frame) or not len(frame.columns):
        raise DataError("the DataFrame: holds no rows" if isinstance(source, pd.DataFrame) else "no numbers")
    names, named = [str(c) for c in frame.columns], _is_named(source)
    if len(target) == len(names) and not named:
        names = list(target)
    columns = [frame.iloc[:, i].reset_index(drop=True) for i in range(len(names))]
    return Cells(
        "the DataFrame", names, columns, list(range(len(frame))), frame.index, row="row", named=named
    )


def _is_named(source: Any) -> bool:
    return isinstance(source, pd.DataFrame) or (isinstance(source, pd.Series) and source.name is not None)


def _frame(source: Any) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        if isinstance(source.index, pd.MultiIndex) or isinstance(source.columns, pd.MultiIndex):
            raise DataError("the DataFrame: has an index of several levels; call reset_index() first")
        return source
    if isinstance(source, pd.Series):
        return source.to_frame("value" if source.name is None else source.name)
    if not isinstance(source, np.ndarray | list | tuple):
        raise DataError(
            "series are given as a file, as a DataFrame or Series of pandas, as an array (T,) or (T, F), or "
            f"as a list of numbers, not as {type(source).__name__}"
        )
    try:
        values = np.asarray(source, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"a {type(source).__name__} must hold T numbers, or T rows of F numbers each; this one does not"
        ) from None
    if values.ndim not in (1, 2):
        raise DataError(f"an array of series has the shape (T,) or (T, F), not {values.shape}")
    if values.ndim == 1:
        return pd.DataFrame({"value": values})
    return pd.DataFrame(values, columns=[str(i) for i in range(1, values.shape[1] + 1)])


def _of_file(path: Path, where: str, config: TableConfig, asked: Sequence[str]) -> Cells:
    table = read_table(path, config, asked=asked, ragged=True)
    names, rows, lines, header = list(table.names), table.rows, table.lines, table.has_header
    notes = list(table.notes)
    if not header and len(rows) == 1 and not any(is_number(str(cell)) for cell in rows[0]):
        raise DataError(f"{where}: holds no rows")
    if not header and config.header == "auto" and _heads(rows):
        names, rows, lines, header = [str(cell) for cell in rows[0]], rows[1:], lines[1:], True
        notes = notes[:-1]
    elif not header:
        names, rows, lines, header, notes = _below_title(table, config, notes)
    widths = [_width(row) for row in rows]
    width = _width(names) if header else _usual(widths)
    uneven = [i for i, w in enumerate(widths) if w > width]
    if uneven:
        raise DataError(
            f"{where}: line {lines[uneven[0]]} has {widths[uneven[0]]} columns and the first line {width}; "
            f"quote cells that hold {table.separator!r}, or give the separator: --separator"
        )
    if width == 1:  # nothing is separated
        notes = [note for note in notes if "--separator" not in note]
    names = [name or (f"column {i + 1}" if i else "") for i, name in enumerate(names[:width])]
    columns = [pd.Series([row[i] for row in rows], dtype=object) for i in range(width)]
    return Cells(where, names, columns, lines, decimal=table.decimal, has_header=header, notes=tuple(notes))


def _below_title(
    table: Table, config: TableConfig, notes: list[str]
) -> tuple[list[str], list[list[Any]], list[int], bool, list[str]]:
    """Return names and rows of a table whose first lines are a title: one cell where others have more."""
    rows, lines = table.rows, table.lines
    titles = next((i for i, row in enumerate(rows) if _width(row) > 1), 0)
    if not titles or titles == len(rows) - 1 or config.header == "no":
        return table.names, rows, lines, False, notes
    said = [
        f"{titles} lines above the table are left out"
        if titles > 1
        else "the first line is a title: left out"
    ]
    rows, lines = rows[titles:], lines[titles:]
    if config.header == "yes" or is_header(rows):
        return list(rows[0]), rows[1:], lines[1:], True, said
    return table.names, rows, lines, False, [*said, *notes]


def _heads(rows: Sequence[Sequence[Any]]) -> bool:
    """Tell whether the first row names columns: words, however long, above numbers and times; or dates."""
    width = _width(rows[0])
    first, below = [str(c) for c in rows[0][:width]], [row[:width] for row in rows[1:]]
    if has_dates(first) and all(
        is_number(str(c)) or is_blank(c) for row in below for c in row[-FEWEST_DATES:]
    ):
        return True
    words = [c for c in first if c and not is_number(c) and not is_time(c)]
    if len(words) < max(1, len(first) - 1) or not below:
        return False
    columns = [[str(row[i]) for row in below if not is_blank(row[i])] for i in range(len(first))]
    return any(column and all(is_number(c) or is_time(c) for c in column) for column in columns)


def has_dates(names: Sequence[str]) -> bool:
    """Tell whether a header ends with dates, above the series of each row."""
    texts = pd.Series(list(names), dtype=object).str.strip().replace("", np.nan)
    found = read_forms(texts.iloc[1:])
    return (
        bool(found) and bool(found[0].values.iloc[-FEWEST_DATES:].notna().all()) and len(names) > FEWEST_DATES
    )


def _width(row: Sequence[Any]) -> int:
    """Return how many cells there are up to the last one that is not empty."""
    return max((i for i, cell in enumerate(row, 1) if cell not in ("", None)), default=0)


def _usual(widths: Sequence[int]) -> int:
    return max(widths, key=widths.count, default=0) if len(widths) < 50 else int(np.bincount(widths).argmax())


def is_blank(cell: Any) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or cell is pd.NA or cell != cell or (isinstance(cell, str) and is_missing(cell))


def texts_of(column: pd.Series) -> "pd.Series[str]":
    """Return stripped texts, NaN where a cell is empty."""

    def text(cell: Any) -> Any:
        if cell is None or cell is pd.NA or cell != cell:
            return np.nan
        return str(cell).strip() or np.nan

    return column.map(text).astype(object).reset_index(drop=True)
