"""A table of pairs: how it is cut into columns, and whether its first line names them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from unrolled.data.files import read_text
from unrolled.data.pairs.names import is_usual
from unrolled.data.pairs.pairs import text_lines
from unrolled.data.tables import ENDINGS, JSON_ENDINGS, Table, TableConfig, is_number, is_time, read_table
from unrolled.errors import DataError

MARKS = ("\t", "|||", ";", "|", ",", "_", "=>", "->")
"""Marks that separate a source from its target; the first two win over all others."""
STRONG = 2
MOST = 0.9
"""Share of lines with a mark from which one without it is a mistake."""


def is_table_name(path: Path) -> bool:
    """Return whether a file is a table by its ending."""
    return Path(path.name.removesuffix(".gz")).suffix.lower() in ENDINGS


def pair_table(path: Path, config: TableConfig, asked: Collection[str], *, ragged: bool = False) -> Table:
    """Read a table of pairs.

    Its first line is a header if it holds the columns asked for, or nothing but names that columns of pairs
    usually have, or stands above a column of numbers.

    Args:
        path: the file.
        config: how it is written; a separator that the ending does not tell is detected.
        asked: columns that the caller gave.
        ragged: take rows of different lengths.

    Raises:
        DataError: see :func:`read_table`; or two marks may be the separator.
    """
    separator = config.separator or ("" if is_table_name(path) else pair_mark(path, config.encoding))
    plain = replace(config, separator=separator, header="no" if config.header == "auto" else config.header)
    table = _flat(_read(path, plain, ragged=ragged))
    notes = table.notes
    if separator and not config.separator:
        shown = "tabs" if separator == "\t" else repr(separator)
        notes = (f"source and target are separated by {shown} (--separator)",)
    if config.header != "auto" or table.has_header:
        return replace(table, notes=notes)
    if _is_header(table.rows, asked):
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
    """Read a table; of a file that seems to be none, say what it may be instead."""
    if is_table_name(path) or config.separator:
        return read_table(path, config, ragged=ragged)
    _refuse_markup(path, config.encoding)
    try:
        return read_table(path, config, ragged=ragged)
    except DataError as error:
        raise DataError(f"{one_text_a_line(path)} (read as a table: {error})") from None


def one_text_a_line(path: Path) -> str:
    """Return what to say of a file without a mark between source and target."""
    return (
        f"{path}: holds one text a line; give two files (train.de,train.en), a table with a source and a "
        "target (.tsv, .csv, .jsonl), or say with --separator what separates them"
    )


def _refuse_markup(path: Path, encoding: str) -> None:
    """Refuse XML, such as a translation memory."""
    start = read_text(path, encoding)[:1000].lstrip().lower()
    if start.startswith(("<?xml", "<!doctype", "<tmx", "<xliff", "<html")):
        kind = "a translation memory (TMX)" if "<tmx" in start else "XML"
        raise DataError(
            f"{path}: is {kind}, which is not read; write its pairs one text a line: give "
            "two files (train.de,train.en), or a table with a source and a target (.tsv, .jsonl)"
        )


def pair_mark(path: Path, encoding: str) -> str:
    """Return the mark that every line of a file holds equally often; "" if there is none.

    Raises:
        DataError: if there are two, neither of them a tab or three bars.
    """
    numbered = [(n, s) for n, s in enumerate(text_lines(read_text(path, encoding)), 1) if s.strip()]
    lines = [line for _, line in numbered]
    fitting = [mark for mark in MARKS if _is_even(lines, mark)]
    strong = [mark for mark in MARKS[:STRONG] if mark in fitting]
    if not strong:
        _refuse_gap(path, numbered)
    if strong or len(fitting) < 2:
        return (strong or fitting or [""])[0]
    one, other = fitting[:2]
    raise DataError(
        f"{path}: every line holds {one!r} and {other!r}: either may separate source from target; say which: "
        f"--separator {one!r} or --separator {other!r}"
    )


def _refuse_gap(path: Path, lines: list[tuple[int, str]]) -> None:
    """Refuse a file most of whose lines, not all, hold a tab or three bars."""
    for mark in MARKS[:STRONG]:
        usual, count = Counter(line.count(mark) for _, line in lines).most_common(1)[0]
        if usual and count >= MOST * len(lines):
            number, line = next((n, s) for n, s in lines if s.count(mark) != usual)
            shown = "tabs" if mark == "\t" else repr(mark)
            raise DataError(
                f"{path}: line {number} holds {line.count(mark)} {shown} and most lines {usual}: "
                f"{line!r:.80}; mend that line, or say what separates source from target: --separator"
            )


def _is_even(lines: list[str], mark: str) -> bool:
    count = lines[0].count(mark)
    return count > 0 and all(line.count(mark) == count for line in lines)


def _is_header(rows: list[list[Any]], asked: Collection[str]) -> bool:
    first = rows[0]
    if not all(isinstance(cell, str) for cell in first):
        return False
    names = {name for name in asked if not name.isdecimal()}
    if names and names <= set(first):
        return True
    named = [cell for cell in first if cell]
    if any(is_number(cell) or is_time(cell) for cell in named) or len(named) < max(1, len(first) - 1):
        return False
    if all(map(is_usual, named)):
        return True
    columns = zip(*rows[1:], strict=True)
    return any(all(map(is_number, map(str, filter(None, column)))) and any(column) for column in columns)


def _flat(table: Table) -> Table:
    """Return a table of JSON objects with the keys of a column of objects as columns.

    ``{"translation": {"en": …, "de": …}}`` is a form in which pairs are published.
    """
    if Path(table.path.name.removesuffix(".gz")).suffix.lower() not in JSON_ENDINGS:
        return table
    nested = [i for i in range(len(table.names)) if all(isinstance(row[i], dict) for row in table.rows)]
    if len(nested) != 1:
        return table
    place = nested[0]
    keys = list(dict.fromkeys(key for row in table.rows for key in row[place]))
    rest = [i for i in range(len(table.names)) if i != place]
    names = [*keys, *(table.names[i] for i in rest)]
    rows = [[*(row[place].get(key) for key in keys), *(row[i] for i in rest)] for row in table.rows]
    return replace(table, names=names, rows=rows)
