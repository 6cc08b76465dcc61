"""Plain text without tags: one sentence per line, words separated by blanks."""

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank, split_fields


def read_plain(lines: Lines) -> TaggedFile:
    """Read plain text; ``with_tags`` writes two columns, with a blank line after each sentence."""
    filled = [
        (i + 1, split_fields(line, tabs=False)) for i, line in enumerate(lines.bodies()) if not is_blank(line)
    ]
    words = [fields for _, fields in filled]

    def with_tags(tags: Tags) -> str:
        return "".join(
            "".join(f"{word}\t{tag}\n" for word, tag in zip(sentence, sentence_tags, strict=True)) + "\n"
            for sentence, sentence_tags in zip(words, tags, strict=True)
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
            "plain text: each line is a sentence, and words are separated by blanks; for other words give "
            "one word per line, and a blank line after each sentence",
        ),
    )
