"""The rows of a column file: one word per line, equal widths, with comments and document marks."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from unrolled.data.tagged.lines import Lines, is_blank, split_fields
from unrolled.errors import DataError
from unrolled.wording import counted

DOCUMENT = "-DOCSTART-"
COMMENT = "#"
DOCUMENTS = ("#begin document", "#end document")
"""Starts of the lines of OntoNotes that mark documents."""
MIN_FRACTION = 0.5
"""Minimum fraction of rows with the most common width; with fewer the file has no columns."""
_WORD_NUMBER = re.compile(r"[0-9]{1,9}(?:[-.][0-9]{1,9})?")

WORD_NAMES = ("form", "word", "token", "words", "tokens", "text")
_PLURALS = ("pos", "upos", "xpos", "tag", "label", "ner", "ner_tag", "pos_tag", "chunk", "chunk_tag", "slot")
HEADER_NAMES = frozenset(
    [*WORD_NAMES, *_PLURALS, *(f"{name}s" for name in _PLURALS), "id", "lemma", "entity"]
)
SENTENCE_NAME = re.compile(r"sent(ence)?[ _#-]*(id|idx|no|nr|num|number|#)?", re.IGNORECASE)


@dataclass
class Rows:
    """Rows of each sentence, as (line index, fields), and how they are written."""

    tabs: bool
    width: int
    sentences: list[list[tuple[int, list[str]]]] = field(default_factory=list)
    names: tuple[str, ...] = ()
    """Column names, if the file has them."""
    comments: int = 0
    numbered: bool = False
    """True if the first column numbers the words of each sentence."""


def read_rows(lines: Lines) -> Rows:
    """Return the rows of a column file.

    Fields are split at tabs if most lines have tabs, else at blanks. ``-DOCSTART-`` lines mark documents. A
    line that starts with ``#`` before a sentence is a comment, unless it has the width of the other lines and
    a tag of another word. Empty fields past the width are dropped.

    Raises:
        DataError: if a row has another width than the others, or there are no rows.
    """
    bodies = lines.bodies()
    filled = [line for line in bodies if not is_blank(line)]
    plain = [line for line in filled if not line.startswith(COMMENT)] or filled
    tabs = 2 * sum("\t" in line for line in plain) > len(plain)
    fields = [split_fields(line, tabs=tabs) for line in plain if not line.startswith(DOCUMENT)]
    if not fields:
        raise DataError(f"{lines.name}: holds no sentences")
    width, fraction = _most_common_width(fields)
    if fraction < MIN_FRACTION:
        raise DataError(
            f"{lines.name}: is not a file of tagged sentences: lines have {min(map(len, fields))} to "
            f"{counted(max(map(len, fields)), 'word')}; give one word per line with its tag and a blank line "
            "after each sentence, words as dog/NN, CoNLL-U, or JSON (docs/tagging.md)"
        )
    rows = Rows(tabs, width)
    rows.names = _detect_header(fields, rows.width)
    rows.numbered = (
        all(_WORD_NUMBER.fullmatch(row[0]) for row in fields[bool(rows.names) :]) and rows.width > 1
    )
    tags = _certain_tags(bodies, rows)
    rows.sentences = [s for s in _read_sentences(lines.name, bodies, rows, tags) if s]
    if rows.numbered and any(sentence[0][1][0] not in ("0", "1") for sentence in rows.sentences):
        rows.numbered, rows.comments = False, 0
        rows.sentences = [s for s in _read_sentences(lines.name, bodies, rows, tags) if s]
    if not rows.sentences:
        raise DataError(f"{lines.name}: holds no sentences")
    return rows


def _most_common_width(fields: list[list[str]]) -> tuple[int, float]:
    """Return the most common number of fields, and the fraction of rows that have it.

    Columns at the end that are empty in all rows do not count.
    """
    width, count = Counter(map(len, fields)).most_common(1)[0]
    while width > 1 and all(len(row) < width or not row[width - 1] for row in fields):
        width -= 1
    return width, count / len(fields)


def _certain_tags(bodies: list[str], rows: Rows) -> set[str]:
    """Return the tags of lines that are certainly not comments: without ``#``, or inside a sentence."""
    tags: set[str] = set()
    inside = False
    for line in bodies:
        if is_blank(line) or line.startswith(DOCUMENT):
            inside = False
        elif inside or not line.startswith(COMMENT):
            inside = True
            tags.add(split_fields(line, tabs=rows.tabs)[-1])
    return tags


def _detect_header(fields: list[list[str]], width: int) -> tuple[str, ...]:
    """Return the column names if the first row holds typical ones; else an empty tuple."""
    first = [name.lower() for name in fields[0]]
    named = all(name in HEADER_NAMES or SENTENCE_NAME.fullmatch(name) for name in first)
    repeated = any(row[-1] == fields[0][-1] for row in fields[1:])
    return tuple(fields[0]) if named and len(first) == width > 1 and not repeated else ()


def _read_sentences(
    name: str, bodies: list[str], rows: Rows, tags: set[str]
) -> Iterator[list[tuple[int, list[str]]]]:
    """Yield the rows of each sentence, which may be empty; count comments."""
    sentence: list[tuple[int, list[str]]] = []
    header = bool(rows.names)
    for index, line in enumerate(bodies):
        if is_blank(line) or line.startswith(DOCUMENT):
            yield sentence
            sentence = []
            continue
        row = _trim(split_fields(line, tabs=rows.tabs), rows.width)
        if not sentence and line.startswith(COMMENT) and _is_comment(line, row, rows, tags):
            rows.comments += 1
            rows.names = _parse_global_columns(line) or rows.names
            continue
        if header:
            header = False
            continue
        if len(row) != rows.width:
            separators = "tabs" if rows.tabs else "blanks"
            raise DataError(
                f"{name}: line {index + 1} has {counted(len(row), 'field')} separated by {separators}, the "
                f"other lines have {rows.width}: {line!r:.80}"
            )
        if not (rows.numbered and not row[0].isdecimal()):
            sentence.append((index, row))
    yield sentence


def _trim(row: list[str], width: int) -> list[str]:
    return row[:width] if not any(row[width:]) else row


def _is_comment(line: str, row: list[str], rows: Rows, tags: set[str]) -> bool:
    if len(row) != rows.width or (rows.numbered and not row[0].isdecimal()):
        return True
    if line.startswith(DOCUMENTS):
        return True
    marked = row[0] == COMMENT or row[0].startswith(COMMENT + " ") or "=" in line
    return marked and rows.width > 1 and row[-1] not in tags


def _parse_global_columns(line: str) -> tuple[str, ...]:
    """Return the column names of CoNLL-U Plus: ``# global.columns = ID FORM UPOS``."""
    key, _, names = line.lstrip("# ").partition("=")
    return tuple(names.split()) if key.strip() == "global.columns" else ()
