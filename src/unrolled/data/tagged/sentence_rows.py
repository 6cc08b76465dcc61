"""One sentence per row: words in one cell, tags in another, as ``she reads<TAB>PRON VERB``."""

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
MIN_FRACTION = 0.8
"""Minimum fraction of rows with as many words as tags. The other rows are then errors."""
SNIFFED_ROWS = 20
"""Number of rows that are checked for this format before the whole file is checked."""


class SentenceRows(NamedTuple):
    """Rows as (line index, cells), with the separator, the column names and the word column."""

    separator: str
    names: list[str]
    rows: list[tuple[int, list[str]]]
    word: int


def find_sentence_rows(lines: Lines) -> SentenceRows | None:
    """Return the rows if most are sentences: one cell has as many words as the last has tags; else None."""
    filled = [(index, line) for index, line in enumerate(lines.bodies()) if not is_blank(line)]
    for separator in SEPARATORS:
        if _find_word_column(_split_cells(filled[:SNIFFED_ROWS], separator)) is None:
            continue
        rows = _split_cells(filled, separator)
        word = _find_word_column(rows)
        if word is not None:
            names = rows[0][1] if _is_header(rows[0][1]) else []
            return SentenceRows(separator, names, rows[bool(names) :], word)
    return None


def read_sentence_rows(lines: Lines, table: SentenceRows, columns: Columns) -> TaggedFile:
    """Read one sentence from each row.

    Raises:
        DataError: if a column is missing, or the numbers of words and tags in a row differ.
    """
    names, width = table.names, len(table.rows[0][1])
    word = (
        find_column(columns.word, names, width, lines.name, "--word-column") if columns.word else table.word
    )
    tag = find_column(columns.tag, names, width, lines.name, "--tag-column") if columns.tag else width - 1
    words, tags = ([split_cell(cells[place]) for _, cells in table.rows] for place in (word, tag))
    for (index, _), sentence, sentence_tags in zip(table.rows, words, tags, strict=True):
        if len(sentence) != len(sentence_tags):
            raise DataError(
                f"{lines.name}: line {index + 1} has {counted(len(sentence), 'word')} and "
                f"{counted(len(sentence_tags), 'tag')}"
            )

    def with_tags(new_tags: Tags) -> str:
        bodies, changed = lines.bodies(), {}
        for (index, cells), sentence_tags in zip(table.rows, new_tags, strict=True):
            cell = str(sentence_tags) if cells[tag].startswith("[") else " ".join(sentence_tags)
            changed[index] = put_cell(bodies[index], table.separator, tag, cell)
        return lines.replace_lines(changed)

    shown = [names[i] if names else f"column {i + 1}" for i in (word, tag)]
    return TaggedFile(
        lines.name,
        words=words,
        tags=[[*sentence_tags] for sentence_tags in tags],
        lines=[[index + 1] * len(s) for (index, _), s in zip(table.rows, words, strict=True)],
        form="rows",
        columns=Columns(str(word + 1), str(tag + 1)),
        with_tags=with_tags,
        notes=(
            f"each row is a sentence: its words are in {shown[0]}, its tags in {shown[1]} (--word-column, "
            "--tag-column)",
        ),
    )


def split_cell(cell: str) -> list[str]:
    """Return the items of a cell: a Python or JSON list, or items separated by blanks."""
    text = cell.strip()
    if text.startswith("["):
        try:
            items = ast.literal_eval(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            items = None
        if isinstance(items, list) and all(isinstance(item, str | int) for item in items):
            return [str(item) for item in items]
    return text.split(" ") if text else []


def _split_cells(lines: list[tuple[int, str]], separator: str) -> list[tuple[int, list[str]]]:
    if separator == "\t":
        return [(index, line.split("\t")) for index, line in lines]
    return [(index, _csv_cells(line, separator)) for index, line in lines]


def _csv_cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line; empty if it is not valid CSV."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _is_header(cells: list[str]) -> bool:
    names = [cell.strip().lower() for cell in cells]
    return names[-1] in HEADER_NAMES or any(SENTENCE_NAME.fullmatch(name) for name in names)


def _find_word_column(rows: list[tuple[int, list[str]]]) -> int | None:
    """Return the first column with as many items as the last one in most rows; None if there is none.

    At least one row must have several items.
    """
    width = len(rows[0][1])
    if width < 2 or any(len(cells) != width for _, cells in rows):
        return None
    counts = [[len(split_cell(cell)) for cell in cells] for _, cells in rows[_is_header(rows[0][1]) :]]
    if not counts or max(row[-1] for row in counts) < 2:
        return None
    least = MIN_FRACTION * len(counts)
    return next((i for i in range(width - 1) if _count_matches(counts, i) >= least), None)


def _count_matches(counts: list[list[int]], place: int) -> int:
    return sum(row[place] == row[-1] for row in counts)
