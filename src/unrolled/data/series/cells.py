"""Read the cells of a table from a file, a DataFrame, an array or a list."""

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
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

FEWEST_DATES = 4
"""Minimum number of dates in a header for the columns to be steps and the rows to be series."""


@dataclass(frozen=True, repr=False)
class Cells:
    """Cells of a table by column, with the line of each row."""

    where: str
    """Name of the table in errors."""
    names: list[str]
    columns: list[pd.Series]
    lines: list[int]
    """Line in the file, or number of the row from 0, for each row."""
    index: pd.Index | None = None
    """Index of the DataFrame or Series; None for files."""
    decimal: str = ""
    row: str = "line"
    """Word for a row in errors."""
    has_header: bool = True
    named: bool = True
    """False for arrays and lists, whose columns have no names."""
    notes: tuple[str, ...] = ()

    def find_column(self, name: str) -> int:
        """Return the index of a column, given by its name or by its number from 1.

        Raises:
            DataError: if no column or more than one has this name.
        """
        first = [] if self.has_header else [[c.iloc[0] for c in self.columns]]
        return Table(Path(self.where), self.names, self.has_header, first, [0]).place(name)

    def column(self, name: str) -> pd.Series:
        """Return a column; see :meth:`find_column`."""
        return self.columns[self.find_column(name)]

    def at(self, row: int) -> str:
        """Return the name of a row for errors."""
        return f"{self.where}, {self.row} {self.lines[row]}"

    def keep(self, mask: "np.ndarray", *notes: str) -> "Cells":
        """Return the table with the rows for which ``mask`` is True, and with more notes."""
        return replace(
            self,
            columns=[c[mask].reset_index(drop=True) for c in self.columns],
            lines=[line for line, keep in zip(self.lines, mask, strict=True) if keep],
            index=None if self.index is None else self.index[mask],
            notes=(*self.notes, *notes),
        )


def read_cells(
    source: Any, config: TableConfig, column_names: Sequence[str], target: Sequence[str] = ()
) -> Cells:
    """Return the cells of a file, a data set by name, or data in memory.

    Args:
        source: path or name of a data set; pandas DataFrame or Series; array (T,) or (T, F); list of numbers
            or of rows.
        config: format of the file.
        column_names: column names that the caller gave.
        target: names for the columns of data without column names.

    Raises:
        DataError: if the source is none of these, or holds no rows.
    """
    if isinstance(source, str | Path):
        return _read_file(locate(source, SERIES), str(source), config, column_names)
    frame = _to_frame(source)
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


def _to_frame(source: Any) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        if isinstance(source.index, pd.MultiIndex) or isinstance(source.columns, pd.MultiIndex):
            raise DataError("the DataFrame: has an index of several levels; call reset_index() first")
        return source
    if isinstance(source, pd.Series):
        return source.to_frame("value" if source.name is None else source.name)
    if not isinstance(source, np.ndarray | list | tuple):
        raise DataError(
            "series must be a file, a pandas DataFrame or Series, an array (T,) or (T, F), or a list of "
            f"numbers, not a {type(source).__name__}"
        )
    try:
        values = np.asarray(source, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"a {type(source).__name__} must contain T numbers, or T rows of F numbers each, but does not"
        ) from None
    if values.ndim not in (1, 2):
        raise DataError(f"an array of series must have the shape (T,) or (T, F), not {values.shape}")
    if values.ndim == 1:
        return pd.DataFrame({"value": values})
    return pd.DataFrame(values, columns=[str(i) for i in range(1, values.shape[1] + 1)])


def _read_file(path: Path, where: str, config: TableConfig, column_names: Sequence[str]) -> Cells:
    table = read_table(path, config, asked=column_names, ragged=True)
    names, rows, lines, header = list(table.names), table.rows, table.lines, table.has_header
    notes = list(table.notes)
    if not header and len(rows) == 1 and not any(is_number(str(cell)) for cell in rows[0]):
        raise DataError(f"{where}: holds no rows")
    if not header and config.header == "auto" and _is_series_header(rows):
        names, rows, lines, header = [str(cell) for cell in rows[0]], rows[1:], lines[1:], True
        notes = notes[:-1]  # the note that the first line is data
    elif not header:
        names, rows, lines, header, notes = _skip_title(table, config, notes)
    widths = [_count_filled(row) for row in rows]
    width = _count_filled(names) if header else _get_usual_width(widths)
    uneven = [i for i, w in enumerate(widths) if w > width]
    if uneven:
        raise DataError(
            f"{where}: line {lines[uneven[0]]} has {counted(widths[uneven[0]], 'column')} and the first line "
            f"{width}; quote cells that contain {table.separator!r}, or give the separator: --separator"
        )
    if width == 1:  # nothing is separated
        notes = [note for note in notes if "--separator" not in note]
    names = [name or (f"column {i + 1}" if i else "") for i, name in enumerate(names[:width])]
    columns = [pd.Series([row[i] for row in rows], dtype=object) for i in range(width)]
    return Cells(where, names, columns, lines, decimal=table.decimal, has_header=header, notes=tuple(notes))


def _skip_title(
    table: Table, config: TableConfig, notes: list[str]
) -> tuple[list[str], list[list[Any]], list[int], bool, list[str]]:
    """Skip lines with one cell above the table; return names, rows, lines, has_header and notes."""
    rows, lines = table.rows, table.lines
    titles = next((i for i, row in enumerate(rows) if _count_filled(row) > 1), 0)
    if not titles or titles == len(rows) - 1 or config.header == "no":
        return table.names, rows, lines, False, notes
    title_notes = [
        f"{titles} lines above the table are left out"
        if titles > 1
        else "the first line is a title: left out"
    ]
    rows, lines = rows[titles:], lines[titles:]
    if config.header == "yes" or is_header(rows):
        return list(rows[0]), rows[1:], lines[1:], True, title_notes
    return table.names, rows, lines, False, [*title_notes, *notes]


def _is_series_header(rows: Sequence[Sequence[Any]]) -> bool:
    """Return whether the first row is a header: words above numbers or times, or dates above numbers."""
    width = _count_filled(rows[0])
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
    """Return whether a header ends with dates, so that each row is a series."""
    texts = pd.Series(list(names), dtype=object).str.strip().replace("", np.nan)
    readings = read_forms(texts.iloc[1:])
    if not readings or len(names) <= FEWEST_DATES:
        return False
    return bool(readings[0].values.iloc[-FEWEST_DATES:].notna().all())


def _count_filled(row: Sequence[Any]) -> int:
    """Return the number of cells up to the last one that is not empty."""
    return max((i for i, cell in enumerate(row, 1) if cell not in ("", None)), default=0)


def _get_usual_width(widths: Sequence[int]) -> int:
    return max(widths, key=widths.count, default=0) if len(widths) < 50 else int(np.bincount(widths).argmax())


def is_blank(cell: Any) -> bool:
    """Return whether a cell is empty or marks a missing value."""
    return cell is None or cell is pd.NA or cell != cell or (isinstance(cell, str) and is_missing(cell))


def texts_of(column: pd.Series) -> "pd.Series[str]":
    """Return the cells as stripped texts, NaN for empty ones."""

    def text(cell: Any) -> Any:
        if cell is None or cell is pd.NA or cell != cell:
            return np.nan
        return str(cell).strip() or np.nan

    return column.map(text).astype(object).reset_index(drop=True)
