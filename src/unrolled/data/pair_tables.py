"""Columns of a table: CSV, TSV, JSON lines, or lines cut by a separator."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from unrolled.data.files import read_text
from unrolled.errors import DataError, suggestion

SEPARATORS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (*SEPARATORS, ".jsonl")
"""Of files that are tables without further word."""

Columns = tuple[list[list[str]], list[int]]
"""The columns asked for, and the line on which each row ends."""


def read_columns(path: Path, separator: str, names: Sequence[str]) -> Columns:
    """Return columns of a table.

    The ending says how it is written: ``.jsonl`` (an object a line), ``.csv`` and ``.tsv`` (quoted as
    RFC 4180 has it); a ``separator`` goes before the ending, and then nothing is quoted. Columns are named
    as the first line does; names that are numbers, from 1, say that the first line is a row already.

    Raises:
        DataError: if the form is not known, a column or a cell is missing, or a line is malformed.
    """
    text = read_text(path)
    if path.suffix == ".jsonl" and not separator:
        return _json_lines(path, text, names)
    mark = separator or SEPARATORS.get(path.suffix, "")
    if not mark:
        raise DataError(
            f"{path}: give two files (train.de,train.en), a .tsv, .csv or .jsonl, or say with --separator "
            "what stands between source and target"
        )
    rows = _cut(text, mark) if separator else _quoted(path, text, mark)
    if all(name.isdecimal() for name in names):
        places = [int(name) - 1 for name in names]
        if min(places) < 0:
            raise DataError(f"{path}: columns are counted from 1, got {' and '.join(names)}")
    else:
        header = rows.pop(0)[1] if rows else []
        places = [_column(path, header, name) for name in names]
    needed = max(places) + 1
    for line, row in rows:
        if len(row) < needed:
            raise DataError(f"{path}: line {line} has {len(row)} columns, not the {needed} that are needed")
    return [[row[place] for _, row in rows] for place in places], [line for line, _ in rows]


def _column(path: Path, header: list[str], name: str) -> int:
    if name not in header:
        raise DataError(
            f"{path}: no column {name!r}{suggestion(name, header)}; the first line has "
            f"{', '.join(header) or 'nothing'} (a file without such a line: give columns by number, from 1)"
        )
    return header.index(name)


def _quoted(path: Path, text: str, mark: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV or TSV and the lines on which they end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise DataError(
            f"{path}: line {reader.line_num}: {error}; quote cells that hold {mark!r}, a quotation mark or "
            "a line break"
        ) from None


def _cut(text: str, mark: str) -> list[tuple[int, list[str]]]:
    lines = text.split("\n")
    return [(number, line.split(mark)) for number, line in enumerate(lines, 1) if line.strip()]


def _json_lines(path: Path, text: str, names: Sequence[str]) -> Columns:
    columns: list[list[str]] = [[] for _ in names]
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}: line {number} is not JSON ({error})") from None
        if not isinstance(values, dict):
            raise DataError(f"{path}: line {number} is not a JSON object with {' and '.join(names)}")
        for name, column in zip(names, columns, strict=True):
            if not isinstance(values.get(name), str):
                raise DataError(
                    f"{path}: line {number} has no text under {name!r}{suggestion(name, values)}; it has "
                    f"{', '.join(values)}"
                )
            column.append(values[name])
        numbers.append(number)
    return columns, numbers
