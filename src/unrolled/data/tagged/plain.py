"""Plain text without tags: a sentence a line, words between blanks."""

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, cut, is_blank


def read_plain(lines: Lines) -> TaggedFile:
    """Read plain text; with tags it is written as two columns, a blank line after each sentence."""
    filled = [(i + 1, cut(line, tabs=False)) for i, line in enumerate(lines.bodies()) if not is_blank(line)]
    words = [fields for _, fields in filled]

    def with_tags(tags: Tags) -> str:
        return "".join(
            "".join(f"{word}\t{tag}\n" for word, tag in zip(sentence, given, strict=True)) + "\n"
            for sentence, given in zip(words, tags, strict=True)
        )

    return TaggedFile(
        lines.name,
        words=words,
        tags=[[None] * len(sentence) for sentence in words],
        lines=[[number] * len(fields) for number, fields in filled],
        form="plain",
        columns=Columns(),
        with_tags=with_tags,
        notes=(
            "plain text: each line is a sentence, and words are between blanks; for other words give one a "
            "line, and a blank line after each sentence",
        ),
    )
