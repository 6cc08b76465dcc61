"""Some columns of a table, row by row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unrolled.data.tables.config import TableConfig
from unrolled.data.tables.read import read_table

Row = tuple[int, list[Any]]
"""Line of the file at which a row ends, and the values of the columns asked for."""


def read_columns(path: str | Path, columns: Sequence[str], separator: str = "") -> list[Row]:
    """Return the columns of a table by name, or by number from 1 if it has no header.

    Raises:
        DataError: see :func:`read_table` and :meth:`Table.place`.
    """
    # Sources alone may be in a file with pairs.
    ragged = bool(separator) and len(columns) == 1
    table = read_table(path, TableConfig(separator=separator), asked=columns, ragged=ragged)
    places = [table.place(column) for column in columns]
    return [(line, [row[p] for p in places]) for line, row in zip(table.lines, table.rows, strict=True)]
