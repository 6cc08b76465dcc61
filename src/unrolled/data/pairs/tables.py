"""Reading a table of pairs: its separator, and whether its first line is a header."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from unrolled.data.files import read_text
from unrolled.data.pairs.names import is_column_name
from unrolled.data.pairs.pairs import split_lines
from unrolled.data.tables import ENDINGS, JSON_ENDINGS, Table, TableConfig, is_number, is_time, read_table
from unrolled.errors import DataError

MARKS = ("\t", "|||", ";", "|", ",", "_", "=>", "->")
"""Possible separators of source and target."""
STRONG = 2
"""Number of marks, at the start of :data:`MARKS`, that take precedence over the others."""
MIN_FRACTION = 0.9
"""Fraction of lines with the same number of marks from which a line with another number is an error."""


def is_table_name(path: Path) -> bool:
    """Return whether a file is a table by its extension."""
    return Path(path.name.removesuffix(".gz")).suffix.lower() in ENDINGS


def read_pair_table(
    path: Path, config: TableConfig, user_columns: Collection[str], *, ragged: bool = False
) -> Table:
    """Read a table of pairs.

    Its first line is a header if it contains the requested columns, or only typical column names of pairs, or
    if there is a column of numbers below it.

    Args:
        path: the file.
        config: format of the table; the separator is detected if the extension does not imply it.
        user_columns: columns that the user named.
        ragged: accept rows of different lengths.

    Raises:
        DataError: see :func:`read_table`; or if the separator is ambiguous.
    """
    separator = config.separator or (
        "" if is_table_name(path) else detect_pair_separator(path, config.encoding)
    )
    plain = replace(config, separator=separator, header="no" if config.header == "auto" else config.header)
    table = _flatten(_read(path, plain, ragged=ragged))
    notes = table.notes
    if separator and not config.separator:
        shown = "tabs" if separator == "\t" else repr(separator)
        notes = (f"source and target are separated by {shown} (--separator)",)
    if config.header != "auto" or table.has_header:
        return replace(table, notes=notes)
    if _is_header(table.rows, user_columns):
        if len(table.rows) == 1:
            raise DataError(f"{path}: holds no rows")
        return replace(
            table,
            names=table.rows[0],
            has_header=True,
            rows=table.rows[1:],
            lines=table.lines[1:],
            notes=notes,
        )
    note = "the first line is a pair, columns are numbered from 1 (--header yes: it names them)"
    return replace(table, notes=(*notes, note))


def _read(path: Path, config: TableConfig, *, ragged: bool) -> Table:
    """Read a table; if the file does not look like one, the error suggests other formats."""
    if is_table_name(path) or config.separator:
        return read_table(path, config, ragged=ragged)
    _refuse_markup(path, config.encoding)
    try:
        return read_table(path, config, ragged=ragged)
    except DataError as error:
        raise DataError(f"{no_separator_message(path)} (read as a table: {error})") from None


def no_separator_message(path: Path) -> str:
    """Return the error message for a file without a separator between source and target."""
    return (
        f"{path}: holds one text per line; give two files (train.de,train.en), a table with a source and a "
        "target (.tsv, .csv, .jsonl), or give the separator with --separator"
    )


def _refuse_markup(path: Path, encoding: str) -> None:
    """Raise DataError for XML, such as a translation memory."""
    start = read_text(path, encoding)[:1000].lstrip().lower()
    if start.startswith(("<?xml", "<!doctype", "<tmx", "<xliff", "<html")):
        kind = "a translation memory (TMX)" if "<tmx" in start else "XML"
        raise DataError(
            f"{path}: is {kind}, which cannot be read; convert it, and give two files "
            "(train.de,train.en), or a table with a source and a target (.tsv, .jsonl)"
        )


def detect_pair_separator(path: Path, encoding: str) -> str:
    """Return the mark that occurs equally often in every line of a file; "" if there is none.

    Raises:
        DataError: if there are two such marks, and neither is a tab or three bars; or if most, but not all,
            lines contain a tab or three bars.
    """
    numbered = [(n, s) for n, s in enumerate(split_lines(read_text(path, encoding)), 1) if s.strip()]
    lines = [line for _, line in numbered]
    fitting = [mark for mark in MARKS if _has_equal_counts(lines, mark)]
    strong = [mark for mark in MARKS[:STRONG] if mark in fitting]
    if not strong:
        _refuse_missing_marks(path, numbered)
    if strong or len(fitting) < 2:
        return (strong or fitting or [""])[0]
    one, other = fitting[:2]
    raise DataError(
        f"{path}: every line holds {one!r} and {other!r}: either may separate source from target; choose "
        f"one: --separator {one!r} or --separator {other!r}"
    )


def _refuse_missing_marks(path: Path, lines: list[tuple[int, str]]) -> None:
    """Raise DataError if most, but not all, lines of a file contain a tab or three bars."""
    for mark in MARKS[:STRONG]:
        usual, count = Counter(line.count(mark) for _, line in lines).most_common(1)[0]
        if usual and count >= MIN_FRACTION * len(lines):
            number, line = next((n, s) for n, s in lines if s.count(mark) != usual)
            shown = "tabs" if mark == "\t" else repr(mark)
            raise DataError(
                f"{path}: line {number} holds {line.count(mark)} {shown} and most lines {usual}: "
                f"{line!r:.80}; correct that line, or give the separator of source and target: --separator"
            )


def _has_equal_counts(lines: list[str], mark: str) -> bool:
    count = lines[0].count(mark)
    return count > 0 and all(line.count(mark) == count for line in lines)


def _is_header(rows: list[list[Any]], user_columns: Collection[str]) -> bool:
    first = rows[0]
    if not all(isinstance(cell, str) for cell in first):
        return False
    names = {name for name in user_columns if not name.isdecimal()}
    if names and names <= set(first):
        return True
    filled = [cell for cell in first if cell]
    if any(is_number(cell) or is_time(cell) for cell in filled) or len(filled) < max(1, len(first) - 1):
        return False
    if all(map(is_column_name, filled)):
        return True
    columns = zip(*rows[1:], strict=True)
    return any(all(map(is_number, map(str, filter(None, column)))) and any(column) for column in columns)


def _flatten(table: Table) -> Table:
    """Replace a column of JSON objects with one column for each of their keys.

    Pairs are often published as ``{"translation": {"en": …, "de": …}}``.
    """
    if Path(table.path.name.removesuffix(".gz")).suffix.lower() not in JSON_ENDINGS:
        return table
    nested = [i for i in range(len(table.names)) if all(isinstance(row[i], dict) for row in table.rows)]
    if len(nested) != 1:
        return table
    place = nested[0]
    keys = list(dict.fromkeys(key for row in table.rows for key in row[place]))
    others = [i for i in range(len(table.names)) if i != place]
    names = [*keys, *(table.names[i] for i in others)]
    rows = [[*(row[place].get(key) for key in keys), *(row[i] for i in others)] for row in table.rows]
    return replace(table, names=names, rows=rows)
