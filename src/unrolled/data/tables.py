"""Tables with named columns (CSV, TSV, JSON lines), read strictly."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.files import read_text
from unrolled.errors import DataError, suggestion
from unrolled.reading import MalformedError, parse_json

DELIMITERS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (*DELIMITERS, ".jsonl")

Row = tuple[int, list[Any]]
"""Line of the file at which a row ends, and the values of the columns asked for."""


def read_columns(path: str | Path, columns: Sequence[str], separator: str = "") -> list[Row]:
    """Return the columns of a ``.csv``, ``.tsv`` or ``.jsonl`` file, row by row.

    With a ``separator`` any file is read: it stands between the cells of a line, and nothing is quoted. A
    file without a header is read where every column is a number: its position, from 1.

    Raises:
        DataError: if the file is not text, not such a table, lacks a column, or a row lacks a value.
    """
    path = Path(path)
    text = read_text(path)
    ending = path.suffix.lower()
    if separator:
        lines = ((number, line.split(separator)) for number, line in enumerate(text.split("\n"), 1))
        # Sources alone may stand beside sources with a target.
        even = len(columns) > 1
        rows = _chosen(path, ((n, cells) for n, cells in lines if cells != [""]), columns, even=even)
    elif ending == ".jsonl":
        rows = _json_lines(path, text, columns)
    elif ending in DELIMITERS:
        rows = _chosen(path, _quoted(path, text, DELIMITERS[ending]), columns)
    else:
        raise DataError(f"{path}: {ending or 'no ending'} is not one of {', '.join(ENDINGS)}")
    found = list(rows)
    if not found:
        raise DataError(f"{path}: holds no rows")
    return found


def _quoted(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file and the lines on which they end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from ((reader.line_num, cells) for cells in reader if cells)
    except csv.Error as error:
        raise DataError(
            f"{path}: line {reader.line_num} is not valid CSV ({error}); quote cells that hold "
            f"{delimiter!r}, a quotation mark or a line break"
        ) from None


def _chosen(
    path: Path, rows: Iterator[tuple[int, list[str]]], columns: Sequence[str], *, even: bool = True
) -> Iterator[Row]:
    """Yield the columns asked for, leaving out the header if there is one."""
    places: list[int] | None = None
    width = 0
    for line, cells in rows:
        if places is None:
            places, width = _places(path, cells, columns), len(cells)
            if cells[places[0]] == columns[0]:
                continue  # that was the header
        if len(cells) <= max(places):
            lacks = f"has {len(cells)} of the {max(places) + 1} columns needed"
            raise DataError(f"{path}: line {line} {lacks}")
        if even and len(cells) != width:
            raise DataError(
                f"{path}: line {line} has {len(cells)} columns and the first line {width}; quote cells that "
                "hold what stands between columns"
            )
        yield line, [cells[i] for i in places]


def _places(path: Path, first: list[str], columns: Sequence[str]) -> list[int]:
    """Return where each column stands, by the header or by its number."""
    if all(c in first for c in columns):
        return [first.index(c) for c in columns]
    if all(re.fullmatch("[0-9]{1,9}", c) and 1 <= int(c) <= len(first) for c in columns):
        return [int(c) - 1 for c in columns]
    missing = next(c for c in columns if c not in first)
    raise DataError(
        f"{path}: has no column {missing!r}{suggestion(missing, first)}; its first line is "
        f"{', '.join(map(repr, first[:8]))}; name the columns (or number them from 1 if there is no header)"
    )


def _json_lines(path: Path, text: str, columns: Sequence[str]) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = parse_json(line, dict[str, Any])
        except MalformedError as error:
            raise DataError(f"{path}: line {number} is {error}") from None
        for column in columns:
            if column not in values:
                raise DataError(
                    f"{path}: line {number} has no {column!r}{suggestion(column, values)}; it has "
                    f"{', '.join(map(repr, list(values)[:8]))}"
                )
        yield number, [values[c] for c in columns]
