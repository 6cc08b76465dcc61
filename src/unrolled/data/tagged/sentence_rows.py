"""A sentence a row: its words in one cell, their tags in another, as ``she reads<TAB>PRON VERB``."""

import ast
import csv
from typing import NamedTuple

from unrolled.data.tagged.cells import put_cell
from unrolled.data.tagged.columns import Columns, find_column
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank
from unrolled.data.tagged.rows import HEADER_NAMES, SENTENCE_NAME
from unrolled.errors import DataError
from unrolled.wording import counted

SEPARATORS = ("\t", ",", ";")
MOST = 0.8
"""Share of rows with as many words as tags from which one with other numbers is a mistake."""
LOOKED_AT = 20
"""Rows by which the form is told before all are read."""


class SentenceRows(NamedTuple):
    """Rows as (index of the line, cells)."""

    separator: str
    names: list[str]
    rows: list[tuple[int, list[str]]]
    word: int


def find_sentence_rows(lines: Lines) -> SentenceRows | None:
    """Return the rows if most hold a sentence: as many words in one cell as tags in the last one."""
    filled = [(index, line) for index, line in enumerate(lines.bodies()) if not is_blank(line)]
    for separator in SEPARATORS:
        if _word(_cells(filled[:LOOKED_AT], separator)) is None:
            continue
        rows = _cells(filled, separator)
        word = _word(rows)
        if word is not None:
            names = rows[0][1] if _is_header(rows[0][1]) else []
            return SentenceRows(separator, names, rows[bool(names) :], word)
    return None


def read_sentence_rows(lines: Lines, found: SentenceRows, columns: Columns) -> TaggedFile:
    """Read a sentence from each row.

    Raises:
        DataError: if a column is missing, or a row has another number of tags than words.
    """
    names, width = found.names, len(found.rows[0][1])
    word = (
        find_column(columns.word, names, width, lines.name, "--word-column") if columns.word else found.word
    )
    tag = find_column(columns.tag, names, width, lines.name, "--tag-column") if columns.tag else width - 1
    words, tags = ([split_cell(cells[place]) for _, cells in found.rows] for place in (word, tag))
    for (index, _), sentence, given in zip(found.rows, words, tags, strict=True):
        if len(sentence) != len(given):
            raise DataError(
                f"{lines.name}: line {index + 1} has {counted(len(sentence), 'word')} and "
                f"{counted(len(given), 'tag')}"
            )

    def with_tags(given: Tags) -> str:
        bodies, changed = lines.bodies(), {}
        for (index, cells), sentence in zip(found.rows, given, strict=True):
            cell = str(sentence) if cells[tag].startswith("[") else " ".join(sentence)
            changed[index] = put_cell(bodies[index], found.separator, tag, cell)
        return lines.replaced(changed)

    shown = [names[i] if names else f"column {i + 1}" for i in (word, tag)]
    return TaggedFile(
        lines.name,
        words=words,
        tags=[[*given] for given in tags],
        lines=[[index + 1] * len(s) for (index, _), s in zip(found.rows, words, strict=True)],
        form="rows",
        columns=Columns(str(word + 1), str(tag + 1)),
        with_tags=with_tags,
        notes=(
            f"each row is a sentence: its words are in {shown[0]}, its tags in {shown[1]} (--word-column, "
            "--tag-column)",
        ),
    )


def split_cell(cell: str) -> list[str]:
    """Return the items of a cell: of a list as Python or JSON writes it, else between blanks."""
    text = cell.strip()
    if text.startswith("["):
        try:
            items = ast.literal_eval(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            items = None
        if isinstance(items, list) and all(isinstance(item, str | int) for item in items):
            return [str(item) for item in items]
    return text.split(" ") if text else []


def _cells(lines: list[tuple[int, str]], separator: str) -> list[tuple[int, list[str]]]:
    if separator == "\t":
        return [(index, line.split("\t")) for index, line in lines]
    return [(index, _csv_cells(line, separator)) for index, line in lines]


def _csv_cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line; none if it is no row of a table."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _is_header(cells: list[str]) -> bool:
    names = [cell.strip().lower() for cell in cells]
    return names[-1] in HEADER_NAMES or any(SENTENCE_NAME.fullmatch(name) for name in names)


def _word(rows: list[tuple[int, list[str]]]) -> int | None:
    """Return the first column with as many items in most rows as the last has, in some row several."""
    width = len(rows[0][1])
    if width < 2 or any(len(cells) != width for _, cells in rows):
        return None
    counts = [[len(split_cell(cell)) for cell in cells] for _, cells in rows[_is_header(rows[0][1]) :]]
    if not counts or max(row[-1] for row in counts) < 2:
        return None
    return next((i for i in range(width - 1) if _agree(counts, i) >= MOST * len(counts)), None)


def _agree(counts: list[list[int]], place: int) -> int:
    return sum(row[place] == row[-1] for row in counts)
