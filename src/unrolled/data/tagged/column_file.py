"""Files of columns, as in CoNLL's shared tasks: one word a line, a blank line after each sentence."""

from collections.abc import Iterator

from unrolled.data.tagged.columns import Columns, find_column
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, put
from unrolled.data.tagged.roles import cells_of, holds_lemmas, last_closed, order_of
from unrolled.data.tagged.rows import WORD_NAMES, Rows, read_rows
from unrolled.data.tagged.schemes import are_spans, is_outside, kinds_of
from unrolled.errors import DataError
from unrolled.wording import counted

PLACEHOLDERS = {"_", "-"}
"""Values of a column that holds nothing."""
LONG = 200
"""Words up to which a file without blank lines may be one sentence."""
STOPS = (".", "?", "!", "。", "؟", "।")
"""Words that end sentences in a longer one."""

Row = tuple[int, list[str]]


def read_column_file(lines: Lines, columns: Columns, *, tagged: bool = True) -> TaggedFile:
    """Read a file of columns.

    Detected are the first column as the word (the second if the first counts the words of each sentence, or
    holds tags and is one of two), and the last as the tag. Columns of lemmas are left out; of columns with
    the same kinds of spans, as for nested entities, the first is taken.

    Args:
        lines: of the file.
        columns: given by number, or by name if the file names them.
        tagged: whether it must have a tag column; else the tags of a file without one are missing, and it is
            written with one more column.

    Raises:
        DataError: if rows have different widths, or a column is missing.
    """
    rows = read_rows(lines)
    word = _word(lines.name, rows, columns, tagged=tagged)
    tag = _tag(lines.name, rows, columns.tag, word, tagged=tagged)
    alone = len(rows.sentences) == 1 and len(rows.sentences[0]) > 1
    if alone and len(rows.sentences[0]) > LONG:
        rows.sentences = list(_cut(rows.sentences[0], word))

    def with_tags(tags: Tags) -> str:
        bodies = lines.bodies()
        changed = {
            index: put(bodies[index], tag, value, tabs=rows.tabs or rows.width == 1)
            for sentence, given in zip(rows.sentences, tags, strict=True)
            for (index, _), value in zip(sentence, given, strict=True)
        }
        return lines.replaced(changed)

    return TaggedFile(
        lines.name,
        words=[[row[word] for _, row in sentence] for sentence in rows.sentences],
        tags=[[row[tag] or None if tag < rows.width else None for _, row in s] for s in rows.sentences],
        lines=[[index + 1 for index, _ in sentence] for sentence in rows.sentences],
        form="columns",
        columns=Columns(str(word + 1), str(tag + 1)),
        with_tags=with_tags,
        notes=_notes(rows, word, tag, columns.tag) + (_alone_note(rows) if alone else ()),
    )


def _word(name: str, rows: Rows, given: Columns, *, tagged: bool) -> int:
    if given.word and not (rows.width == 1 and not tagged):
        return find_column(given.word, rows.names, rows.width, name, "--word-column")
    if given.tag and rows.width == 2:
        return int(given.tag in ("1", "-2", *rows.names[:1]))
    lowered = [column.lower() for column in rows.names]
    named = next((lowered.index(column) for column in WORD_NAMES if column in lowered), None)
    if named is not None:
        return named
    order = order_of(rows)
    if order == "unclear" and tagged:
        raise DataError(
            f"{name}: words may be in column 1 ({_counted(rows, 0)}) or in column 2 ({_counted(rows, 1)}); "
            "say which: --word-column 1 or --word-column 2"
        )
    return int(rows.numbered or order == "tag, word")


def _counted(rows: Rows, place: int) -> str:
    cells = cells_of(rows, place)
    return f"{len(cells):,} kinds, as {min(cells)!r:.30}"


def _tag(name: str, rows: Rows, given: str, word: int, *, tagged: bool) -> int:
    if given.isdecimal() and not tagged and int(given) > rows.width:
        return rows.width
    if given:
        place = find_column(given, rows.names, rows.width, name, "--tag-column")
    elif word == 1 and rows.width == 2 and not rows.numbered:
        place = 0
    else:
        place = _outer(rows, word) if rows.width > word + 1 else rows.width
    if place < rows.width and place != word:
        return place
    if not tagged:
        return rows.width
    raise DataError(
        f"{name}: has words in column {word + 1} and no column of tags; give one word a line with its tag, a "
        "blank line after each sentence (--word-column, --tag-column)"
    )


def _outer(rows: Rows, word: int) -> int:
    """Return the last column of tags, or the first of those that end a row with the same kinds of spans."""
    place = rows.width - 1
    while place - 1 > word and cells_of(rows, place) <= PLACEHOLDERS:
        place -= 1
    last = cells_of(rows, place)
    if not (are_spans(last) or is_outside(last)):
        return last_closed(rows, word, place)
    while (
        place - 1 > word
        and are_spans(before := cells_of(rows, place - 1))
        and kinds_of(last) <= kinds_of(before)
    ):
        place -= 1
    return place


def _notes(rows: Rows, word: int, tag: int, given: str) -> tuple[str, ...]:
    def named(place: int) -> str:
        return f"column {place + 1}" + (f" ({rows.names[place]})" if place < len(rows.names) else "")

    between = "tabs" if rows.tabs else "blanks"
    count = f"{counted(rows.width, 'column')} between {between}" if rows.width > 1 else "one word a line"
    tags = f", the tag is {named(tag)}" if tag < rows.width else ", without tags"
    notes = [f"{count}: the word is {named(word)}{tags} (--word-column, --tag-column)"]
    if not given and tag < word and not rows.names:
        notes.append(
            "the first column marks spans or has few kinds, the second does not: tags come first "
            "(--tag-column)"
        )
    elif not given and tag < rows.width - 1 and holds_lemmas(rows, word, tag + 1):
        notes.append(f"column {tag + 2} holds lemmas: column {tag + 1} is taken (--tag-column)")
    elif not given and tag < rows.width - 1:
        notes.append(
            f"later columns hold nothing, or spans of the same kinds: column {tag + 1} is taken "
            "(--tag-column)"
        )
    if rows.comments:
        notes.append(f"{rows.comments:,} lines that begin with # are comments")
    return tuple(notes)


def _cut(sentence: list[Row], word: int) -> Iterator[list[Row]]:
    """Yield the parts of the only sentence of a file: they end with a full stop and the like."""
    part: list[Row] = []
    for row in sentence:
        part.append(row)
        if row[1][word] in STOPS:
            yield part
            part = []
    if part:
        yield part


def _alone_note(rows: Rows) -> tuple[str]:
    if len(rows.sentences) > 1:
        return (f"no blank lines: {len(rows.sentences):,} sentences end at {' '.join(STOPS)}",)
    return (f"no blank lines: all {counted(len(rows.sentences[0]), 'word')} are one sentence",)
