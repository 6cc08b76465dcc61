"""A table of words with a column that tells the sentence, as ``Sentence #,Word,POS,Tag``."""

import csv
import re
from collections.abc import Iterator

from unrolled.data.tagged.columns import Columns, find_column
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank
from unrolled.data.tagged.rows import SENTENCE_NAME, WORD_NAMES
from unrolled.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
LONGEST = 2**31 - 1

Row = tuple[int, int, list[str]]
"""Index of the first line, number of the last one, cells."""


def separator_of(lines: Lines) -> str:
    """Return the separator of a header that names a column of sentences, or "" if there is none."""
    head = next(line for line in lines.bodies() if not is_blank(line))
    for sign in SEPARATORS:
        names = [name.strip().strip('"') for name in head.split(sign)]
        if len(names) > 2 and any(SENTENCE_NAME.fullmatch(name) for name in names):
            return sign
    return ""


def read_table(lines: Lines, columns: Columns, separator: str, *, tagged: bool = True) -> TaggedFile:
    """Read a table of words.

    A sentence begins where its column changes; an empty cell goes on with the sentence above. Without such
    a column a blank line ends a sentence. Detected are the column word or token, and the last as the tag.

    Raises:
        DataError: if a row has another width, a column is missing, or a word has no tag column.
    """
    found = list(_rows(lines, separator))
    filled = [row for row in found if any(cell.strip() for cell in row[2])]
    names = [name.strip() for name in filled[0][2]]
    order = next((i for i, name in enumerate(names) if SENTENCE_NAME.fullmatch(name)), None)
    headed = order is not None or any(name.lower() in WORD_NAMES for name in names)
    width = len(names)
    for _, number, row in filled:
        if len(row) != width:
            raise DataError(
                f"{lines.name}: line {number} has {len(row)} cells between {separator!r}, the first {width}"
            )
    word, tag = _places(lines.name, columns, names if headed else [], width, order, tagged=tagged)
    start = found.index(filled[0]) + headed
    sentences = [s for s in _sentences(found[start:], order, word) if s]
    if not sentences:
        raise DataError(f"{lines.name}: holds no sentences")

    def with_tags(tags: Tags) -> str:
        bodies = lines.bodies()
        cells = [
            (row, value)
            for s, given in zip(sentences, tags, strict=True)
            for row, value in zip(s, given, strict=True)
        ]
        changed: dict[int, str] = {}
        for (first, last, _), value in [(filled[0], "tag")] * (headed and tag == width) + cells:
            text = _with_cell("\n".join(bodies[first:last]), separator, tag, value)
            changed |= dict(zip(range(first, last), text.split("\n"), strict=True))
        return lines.replaced(changed)

    told = f"sentences are told by {names[order]!r}" if order is not None else "sentences end at blank lines"
    shown = [names[i] if headed and i < width else f"column {i + 1}" for i in (word, tag)]
    return TaggedFile(
        lines.name,
        words=[[row[word].strip() for *_, row in sentence] for sentence in sentences],
        tags=[[(row[tag].strip() or None) if tag < width else None for *_, row in s] for s in sentences],
        lines=[[number for _, number, _ in sentence] for sentence in sentences],
        form="table",
        columns=Columns(
            *([names[i] for i in (word, tag)] if headed and tag < width else _numbers(word, tag))
        ),
        with_tags=with_tags,
        notes=(
            f"table: {told}, the word is {shown[0]!r}, the tag is {shown[1]!r} (--word-column, --tag-column)",
        ),
    )


def _numbers(word: int, tag: int) -> tuple[str, str]:
    return str(word + 1), str(tag + 1)


def _rows(lines: Lines, separator: str) -> Iterator[Row]:
    csv.field_size_limit(LONGEST)
    reader = csv.reader((line + "\n" for line in lines.bodies()), delimiter=separator)
    first = 0
    try:
        for row in reader:
            yield first, reader.line_num, row
            first = reader.line_num
    except csv.Error as error:
        raise DataError(f"{lines.name}: line {reader.line_num}: {error}") from None


def _with_cell(text: str, separator: str, index: int, value: str) -> str:
    """Return the text of a row with another cell, quoted if the old one was, or must be."""
    sign = re.escape(separator)
    cells = list(re.finditer(rf'("(?:[^"]|"")*"|[^{sign}]*)(?:{sign}|$)', text))
    old = cells[index] if index < len(cells) else None
    quoted = (old and old[1].startswith('"')) or any(mark in value for mark in (separator, '"', "\n"))
    new = '"' + value.replace('"', '""') + '"' if quoted else value
    return f"{text}{separator}{new}" if old is None else text[: old.start(1)] + new + text[old.end(1) :]


def _places(
    name: str, columns: Columns, names: list[str], width: int, order: int | None, *, tagged: bool
) -> tuple[int, int]:
    lowered = [n.lower() for n in names]
    if columns.word:
        word = find_column(columns.word, names, width, name, "--word-column")
    else:
        free = next((i for i in range(width) if i != order), 0)
        word = next((lowered.index(n) for n in WORD_NAMES if n in lowered), free)
    if columns.tag and (tagged or columns.tag.lower() in lowered):
        tag = find_column(columns.tag, names, width, name, "--tag-column")
    else:
        tag = max((i for i in range(width) if i not in (word, order)), default=width)
        tag = width if tag < word else tag
    if tagged and (tag >= width or tag == word):
        raise DataError(f"{name}: has no column of tags (--tag-column)")
    return word, tag


def _sentences(rows: list[Row], order: int | None, word: int) -> Iterator[list[Row]]:
    sentence: list[Row] = []
    last = ""
    for first, number, row in rows:
        if not any(cell.strip() for cell in row):
            if order is None:
                yield sentence
                sentence = []
            continue
        identity = row[order].strip() if order is not None else ""
        if identity and identity != last:
            yield sentence
            sentence, last = [], identity
        if row[word].strip():
            sentence.append((first, number, row))
    yield sentence
