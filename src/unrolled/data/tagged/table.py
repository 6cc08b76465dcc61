"""A table of words with a column of sentence numbers, as ``Sentence #,Word,POS,Tag``."""

import csv
from collections.abc import Iterator

from unrolled.data.tagged.cells import put_cell
from unrolled.data.tagged.columns import Columns, find_column
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank
from unrolled.data.tagged.rows import SENTENCE_NAME, WORD_NAMES
from unrolled.errors import DataError
from unrolled.wording import counted

SEPARATORS = (",", ";", "\t", "|")
MAX_CELL = 2**31 - 1

Row = tuple[int, int, list[str]]
"""(index of the first line, number of the last line, cells)."""


def detect_separator(lines: Lines) -> str:
    """Return the separator of a header that has a column of sentence numbers; "" without such a header."""
    head = next(line for line in lines.bodies() if not is_blank(line))
    for sign in SEPARATORS:
        names = [name.strip().strip('"') for name in head.split(sign)]
        if len(names) > 2 and any(SENTENCE_NAME.fullmatch(name) for name in names):
            return sign
    return ""


def guess_separator(lines: Lines) -> str:
    """Return the separator from :func:`detect_separator`, else the first one that the first line contains."""
    head = next(line for line in lines.bodies() if not is_blank(line))
    return detect_separator(lines) or next((sign for sign in SEPARATORS if sign in head), SEPARATORS[0])


def read_table(lines: Lines, columns: Columns, separator: str, *, tagged: bool = True) -> TaggedFile:
    """Read a table of words.

    A sentence starts when the value in the column of sentence numbers changes; an empty cell continues the
    sentence. Without such a column, a blank line ends a sentence. By default the word column is called word,
    token or similar, and the tag column is the last one.

    Raises:
        DataError: if a row has another width than the first, or a column is missing.
    """
    rows = list(_read_rows(lines, separator))
    filled = [row for row in rows if any(cell.strip() for cell in row[2])]
    names = [name.strip() for name in filled[0][2]]
    sentence_column = next((i for i, name in enumerate(names) if SENTENCE_NAME.fullmatch(name)), None)
    has_header = sentence_column is not None or any(name.lower() in WORD_NAMES for name in names)
    width = len(names)
    for _, number, row in filled:
        if len(row) != width:
            raise DataError(
                f"{lines.name}: line {number} has {counted(len(row), 'cell')} separated by {separator!r}, "
                f"the first has {width}"
            )
    word, tag = _find_columns(
        lines.name, columns, names if has_header else [], width, sentence_column, tagged=tagged
    )
    start = rows.index(filled[0]) + has_header
    sentences = [s for s in _split_sentences(rows[start:], sentence_column) if s]
    if not sentences:
        raise DataError(f"{lines.name}: holds no sentences")

    def with_tags(tags: Tags) -> str:
        bodies = lines.bodies()
        cells = [
            (row, value)
            for s, sentence_tags in zip(sentences, tags, strict=True)
            for row, value in zip(s, sentence_tags, strict=True)
        ]
        changed: dict[int, str | None] = {}
        for (first, last, _), value in [(filled[0], "tag")] * (has_header and tag == width) + cells:
            text = put_cell("\n".join(bodies[first:last]), separator, tag, value)
            changed |= {**dict.fromkeys(range(first, last - 1)), last - 1: text}
        return lines.replace_lines(changed)

    single = len(sentences) == 1 and len(sentences[0]) > 1
    rule = (
        f"sentences are numbered by {names[sentence_column]!r}"
        if sentence_column is not None
        else "sentences end at blank lines"
    )
    shown = [names[i] if has_header and i < width else f"column {i + 1}" for i in (word, tag)]
    return TaggedFile(
        lines.name,
        words=[[row[word].strip() for *_, row in sentence] for sentence in sentences],
        tags=[[(row[tag].strip() or None) if tag < width else None for *_, row in s] for s in sentences],
        lines=[[number for _, number, _ in sentence] for sentence in sentences],
        form="table",
        columns=Columns(
            *([names[i] for i in (word, tag)] if has_header and tag < width else _column_numbers(word, tag))
        ),
        with_tags=with_tags,
        notes=(
            f"table: {rule}, the word is {shown[0]!r}, the tag is {shown[1]!r} (--word-column, --tag-column)",
            *([f"all {len(sentences[0]):,} words are one sentence"] if single else []),
        ),
    )


def _column_numbers(word: int, tag: int) -> tuple[str, str]:
    return str(word + 1), str(tag + 1)


def _read_rows(lines: Lines, separator: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)
    quote = None if separator == "\t" else '"'
    reader = csv.reader((line + "\n" for line in lines.bodies()), delimiter=separator, quotechar=quote)
    first = 0
    try:
        for row in reader:
            yield first, reader.line_num, row
            first = reader.line_num
    except csv.Error as error:
        raise DataError(f"{lines.name}: line {reader.line_num}: {error}") from None


def _find_columns(
    name: str, columns: Columns, names: list[str], width: int, sentence_column: int | None, *, tagged: bool
) -> tuple[int, int]:
    lowered = [n.lower() for n in names]
    if columns.word:
        word = find_column(columns.word, names, width, name, "--word-column")
    else:
        unused = next((i for i in range(width) if i != sentence_column), 0)
        word = next((lowered.index(n) for n in WORD_NAMES if n in lowered), unused)
    if columns.tag and (tagged or columns.tag.lower() in lowered):
        tag = find_column(columns.tag, names, width, name, "--tag-column")
    else:
        tag = max((i for i in range(width) if i not in (word, sentence_column)), default=width)
        tag = width if tag < word else tag
    if tagged and (tag >= width or tag == word):
        raise DataError(f"{name}: has no column of tags (--tag-column)")
    return word, tag


def _split_sentences(rows: list[Row], sentence_column: int | None) -> Iterator[list[Row]]:
    sentence: list[Row] = []
    last = ""
    for first, number, row in rows:
        if not any(cell.strip() for cell in row):
            if sentence_column is None:
                yield sentence
                sentence = []
            continue
        sentence_number = row[sentence_column].strip() if sentence_column is not None else ""
        if sentence_number and sentence_number != last:
            yield sentence
            sentence, last = [], sentence_number
        sentence.append((first, number, row))
    yield sentence
