"""Column files, as in CoNLL's shared tasks: one word per line, a blank line after each sentence."""

from collections.abc import Iterator

from unrolled.data.tagged.columns import Columns, find_column
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, put_field
from unrolled.data.tagged.roles import detect_order, get_column_values, holds_lemmas, last_without_lemmas
from unrolled.data.tagged.rows import WORD_NAMES, Rows, read_rows
from unrolled.data.tagged.schemes import are_spans, is_outside, kinds_of
from unrolled.errors import DataError
from unrolled.wording import counted

PLACEHOLDERS = {"_", "-"}
"""Values of an empty column."""
LONG = 200
"""Largest number of words of a file without blank lines that is read as one sentence."""
STOPS = (".", "?", "!", "。", "؟", "।")
"""Words that end a sentence in a longer file without blank lines."""

Row = tuple[int, list[str]]


def read_column_file(lines: Lines, columns: Columns, *, tagged: bool = True) -> TaggedFile:
    """Read a column file.

    Columns that are not given are detected. The word is in the first column, or in the second if the first
    numbers the words of each sentence, or if there are two columns and the first holds tags. The tag is in
    the last column that does not hold lemmas. If several columns hold spans of the same kinds, as for nested
    entities, it is in the first of them.

    Args:
        lines: lines of the file.
        columns: columns by number, or by name if the file has names.
        tagged: require a tag column. If False, a file without one is read with missing tags, and written with
            an additional column.

    Raises:
        DataError: if rows have different widths, or a column is missing.
    """
    rows = read_rows(lines)
    word = _find_word_column(lines.name, rows, columns, tagged=tagged)
    tag = _find_tag_column(lines.name, rows, columns.tag, word, tagged=tagged)
    no_blank_lines = len(rows.sentences) == 1 and len(rows.sentences[0]) > 1
    if no_blank_lines and len(rows.sentences[0]) > LONG:
        rows.sentences = list(_split_sentence(rows.sentences[0], word))

    def with_tags(tags: Tags) -> str:
        bodies = lines.bodies()
        changed = {
            index: put_field(bodies[index], tag, value, tabs=rows.tabs or rows.width == 1)
            for sentence, sentence_tags in zip(rows.sentences, tags, strict=True)
            for (index, _), value in zip(sentence, sentence_tags, strict=True)
        }
        return lines.replace_lines(changed)

    return TaggedFile(
        lines.name,
        words=[[row[word] for _, row in sentence] for sentence in rows.sentences],
        tags=[[row[tag] or None if tag < rows.width else None for _, row in s] for s in rows.sentences],
        lines=[[index + 1 for index, _ in sentence] for sentence in rows.sentences],
        form="columns",
        columns=Columns(str(word + 1), str(tag + 1)),
        with_tags=with_tags,
        notes=_notes(rows, word, tag, columns.tag) + (_no_blank_lines_note(rows) if no_blank_lines else ()),
    )


def _find_word_column(name: str, rows: Rows, columns: Columns, *, tagged: bool) -> int:
    if columns.word and not (rows.width == 1 and not tagged):
        return find_column(columns.word, rows.names, rows.width, name, "--word-column")
    if columns.tag and rows.width == 2:
        return int(columns.tag in ("1", "-2", *rows.names[:1]))
    lowered = [column.lower() for column in rows.names]
    place = next((lowered.index(column) for column in WORD_NAMES if column in lowered), None)
    if place is not None:
        return place
    layout = detect_order(rows)
    if layout == "unclear" and tagged:
        first, second = (_describe_values(rows, place) for place in (0, 1))
        raise DataError(
            f"{name}: words may be in column 1 ({first}) or in column 2 ({second}); choose one: "
            "--word-column 1 or --word-column 2"
        )
    return int(rows.numbered or layout == "tag, word")


def _describe_values(rows: Rows, place: int) -> str:
    cells = get_column_values(rows, place)
    return f"{len(cells):,} distinct values, such as {min(cells)!r:.30}"


def _find_tag_column(name: str, rows: Rows, user_tag: str, word: int, *, tagged: bool) -> int:
    if user_tag.isdecimal() and not tagged and int(user_tag) > rows.width:
        return rows.width
    if user_tag:
        place = find_column(user_tag, rows.names, rows.width, name, "--tag-column")
    elif word == 1 and rows.width == 2 and not rows.numbered:
        place = 0
    else:
        place = _last_tag_column(rows, word) if rows.width > word + 1 else rows.width
    if place < rows.width and place != word:
        return place
    if not tagged:
        return rows.width
    raise DataError(
        f"{name}: has words in column {word + 1} and no column of tags; give one word per line with its tag, "
        "and a blank line after each sentence (--word-column, --tag-column)"
    )


def _last_tag_column(rows: Rows, word: int) -> int:
    """Return the last column of tags; of several last columns with the same kinds of spans, the first."""
    place = rows.width - 1
    while place - 1 > word and get_column_values(rows, place) <= PLACEHOLDERS:
        place -= 1
    last = get_column_values(rows, place)
    if not (are_spans(last) or is_outside(last)):
        return last_without_lemmas(rows, word, place)
    while (
        place - 1 > word
        and are_spans(before := get_column_values(rows, place - 1))
        and kinds_of(last) <= kinds_of(before)
    ):
        place -= 1
    return place


def _notes(rows: Rows, word: int, tag: int, user_tag: str) -> tuple[str, ...]:
    def describe(place: int) -> str:
        return f"column {place + 1}" + (f" ({rows.names[place]})" if place < len(rows.names) else "")

    separators = "tabs" if rows.tabs else "blanks"
    count = (
        f"{counted(rows.width, 'column')} separated by {separators}"
        if rows.width > 1
        else "one word per line"
    )
    tags = f", the tag is {describe(tag)}" if tag < rows.width else ", without tags"
    notes = [f"{count}: the word is {describe(word)}{tags} (--word-column, --tag-column)"]
    if not user_tag and tag < word and not rows.names:
        notes.append(
            "the first column marks spans or has few distinct values, the second does not: tags come first "
            "(--tag-column)"
        )
    elif not user_tag and tag < rows.width - 1 and holds_lemmas(rows, word, tag + 1):
        notes.append(f"column {tag + 2} holds lemmas: column {tag + 1} is used as the tag (--tag-column)")
    elif not user_tag and tag < rows.width - 1:
        notes.append(
            f"later columns are empty, or hold spans of the same kinds: column {tag + 1} is used as the tag "
            "(--tag-column)"
        )
    if rows.comments:
        notes.append(f"comments: {counted(rows.comments, 'line')} starting with #")
    return tuple(notes)


def _split_sentence(sentence: list[Row], word: int) -> Iterator[list[Row]]:
    """Yield the sentences of a file without blank lines: they end with a word of :data:`STOPS`."""
    part: list[Row] = []
    for row in sentence:
        part.append(row)
        if row[1][word] in STOPS:
            yield part
            part = []
    if part:
        yield part


def _no_blank_lines_note(rows: Rows) -> tuple[str]:
    if len(rows.sentences) > 1:
        return (f"no blank lines: {len(rows.sentences):,} sentences end at {' '.join(STOPS)}",)
    return (f"no blank lines: all {counted(len(rows.sentences[0]), 'word')} are one sentence",)
