"""Two aligned files: line n of one holds the words of a sentence, line n of the other their tags."""

from pathlib import Path

from unrolled.data.files import UTF8
from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import is_blank, read_lines, split_fields
from unrolled.errors import DataError
from unrolled.wording import counted

SLOT_FILES = ("seq.in", "seq.out")
"""Names of the two files in a folder of utterances and their slots."""


def read_parallel(words: Path, tags: Path, encoding: str = UTF8) -> TaggedFile:
    """Read words and tags from two files; ``with_tags`` gives the text of the second one.

    Raises:
        DataError: if the numbers of lines differ, or the numbers of words and tags in a line, or there
            are no sentences.
    """
    sides = [read_lines(path, encoding) for path in (words, tags)]
    name = f"{words},{tags}"
    rows = [[split_fields(line, tabs=False) for line in _strip_blank_end(side.bodies())] for side in sides]
    if len(rows[0]) != len(rows[1]):
        raise DataError(
            f"{name}: {counted(len(rows[0]), 'line')} of words and {len(rows[1]):,} of tags; give one line "
            "per sentence in both files"
        )
    for number, (left, right) in enumerate(zip(*rows, strict=True), 1):
        if len(left) != len(right):
            raise DataError(
                f"{name}: line {number} has {counted(len(left), 'word')} and {counted(len(right), 'tag')}"
            )
    filled = [i for i, fields in enumerate(rows[0]) if fields]
    if not filled:
        raise DataError(f"{name}: holds no sentences")

    def with_tags(tags: Tags) -> str:
        return sides[1].replace_lines({i: " ".join(line) for i, line in zip(filled, tags, strict=True)})

    return TaggedFile(
        name,
        words=[rows[0][i] for i in filled],
        tags=[[*rows[1][i]] for i in filled],
        lines=[[i + 1] * len(rows[0][i]) for i in filled],
        form="parallel",
        columns=Columns(),
        with_tags=with_tags,
        notes=(f"words are lines of {words.name}, tags are lines of {tags.name}",),
    )


def _strip_blank_end(lines: list[str]) -> list[str]:
    """Return the lines without blank lines at the end."""
    count = len(lines)
    while count and is_blank(lines[count - 1]):
        count -= 1
    return lines[:count]
