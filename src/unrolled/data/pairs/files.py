"""Reading pairs from files: two aligned files, or one table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from unrolled.data.catalogue.dataset import PAIRS, TEXT
from unrolled.data.catalogue.lookup import locate
from unrolled.data.files import read_text
from unrolled.data.pairs.columns import choose_columns, choose_source, is_blank
from unrolled.data.pairs.pairs import Pairs, clean, split_lines
from unrolled.data.pairs.tables import is_table_name, no_separator_message, read_pair_table
from unrolled.data.path_lists import split_paths
from unrolled.data.tables import Table, TableConfig
from unrolled.errors import DataError
from unrolled.wording import counted


@dataclass(frozen=True)
class PairForm:
    """Format of a file of pairs; empty fields are detected."""

    table: TableConfig = field(default_factory=TableConfig)
    source_column: str = ""
    target_column: str = ""
    missing: Literal["drop", "error"] = "drop"

    @property
    def user_columns(self) -> list[str]:
        """The columns that the user named."""
        return [name for name in (self.source_column, self.target_column) if name]


class Sources(NamedTuple):
    """Sources without targets."""

    texts: list[str]
    """One text per row, including blank ones, so that outputs are aligned with the rows of the file."""
    table: Table | None
    """The table that was read; None for a text file."""
    notes: tuple[str, ...] = ()


def read_pairs(source: str | Path, form: PairForm) -> Pairs:
    """Read pairs from ``"A,B"``, two files with one line per pair, or from one table.

    White space at both ends of a text is removed, and line breaks within a cell become spaces.

    Raises:
        DataError: if a file cannot be read, the numbers of lines differ, the columns of the pairs cannot be
            detected, or a side is blank and ``form.missing`` is "error".
    """
    name = str(source)
    parts = [part.strip() for part in split_paths(name)]
    if len(parts) > 2:
        raise DataError(f"{name}: give two files, as train.de,train.en, or one table; got {len(parts)} files")
    if len(parts) == 2:
        pairs = _read_two_files(parts, form)
    else:
        pairs = _read_table(locate(name, PAIRS, TEXT), name, form)
    return clean(pairs, form.missing)


def read_sources(source: str | Path, form: PairForm) -> Sources:
    """Read sources without targets: a column of a table, or every line of a text file, including blank ones.

    A file is a table if its extension says so, or if ``form`` has a separator and every line contains it.

    Raises:
        DataError: if the file cannot be read, or the column is missing.
    """
    path = locate(source, PAIRS, TEXT)
    text = read_text(path, form.table.encoding)
    separator = form.table.separator
    lines = split_lines(text)
    if not is_table_name(path) and not (separator and all(separator in s for s in lines if s.strip())):
        return Sources(lines, None)
    table = read_pair_table(path, form.table, form.user_columns[:1], ragged=bool(separator))
    place, _, notes = choose_source(table, form.source_column)
    texts = [_get_text(table, line, row[place]) for line, row in zip(table.lines, table.rows, strict=True)]
    return Sources(texts, table, (*table.notes, *notes))


def _read_two_files(names: Sequence[str], form: PairForm) -> Pairs:
    texts = (read_text(locate(name, PAIRS, TEXT), form.table.encoding) for name in names)
    sources, targets = _align(names, *map(split_lines, texts))
    one, two = (Path(name).name for name in names)
    note = f"source is {one}, target is {two} (--data {two},{one} swaps them)"
    return Pairs(sources, targets, list(range(1, len(sources) + 1)), ",".join(names), notes=(note,))


def _read_table(path: Path, name: str, form: PairForm) -> Pairs:
    table = read_pair_table(path, form.table, form.user_columns)
    if len(table.names) < 2:
        raise DataError(no_separator_message(path))
    return pairs_from_table(table, name, form)


def pairs_from_table(table: Table, name: str, form: PairForm) -> Pairs:
    """Return the pairs of a table, including those with a blank side."""
    places = choose_columns(table, form.source_column, form.target_column)
    sources, targets = (
        [_get_text(table, line, row[place]) for line, row in zip(table.lines, table.rows, strict=True)]
        for place in (places.source, places.target)
    )
    names = [table.names[p] if table.names.count(table.names[p]) == 1 else str(p + 1) for p in places[:2]]
    separator = "" if is_table_name(table.path) else table.separator
    notes = (*table.notes, *places.notes)
    return Pairs(sources, targets, table.lines, name, (names[0], names[1]), separator, notes)


def _get_text(table: Table, line: int, value: object) -> str:
    """Return the text of a cell; cells of JSON lines may have any type."""
    if is_blank(value):
        return ""
    if not isinstance(value, str):
        raise DataError(f"{table.path}: line {line} holds {value!r:.80} where a text is needed")
    return value


def _align(names: Sequence[str], sources: list[str], targets: list[str]) -> tuple[list[str], list[str]]:
    """Return both sides with equal numbers of lines; blank lines at the end of a file are ignored."""
    if len(sources) == len(targets):
        return sources, targets
    sides = [_strip_blank_end(sources), _strip_blank_end(targets)]
    if len(sides[0]) == len(sides[1]):
        return sides[0], sides[1]
    short = min(len(sources), len(targets))
    longer = names[0] if len(sources) > len(targets) else names[1]
    raise DataError(
        f"{names[0]} has {counted(len(sources), 'line')} and {names[1]} has {len(targets):,}: line "
        f"{short + 1} of {longer} has no partner; the two must be aligned line by line"
    )


def _strip_blank_end(lines: list[str]) -> list[str]:
    count = len(lines)
    while count and not lines[count - 1].strip():
        count -= 1
    return lines[:count]
