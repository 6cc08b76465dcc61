"""Two files, line by line: the words of a sentence in one, their tags in the other."""

from pathlib import Path

from unrolled.data.files import UTF8
from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import cut, is_blank, read_lines
from unrolled.errors import DataError
from unrolled.wording import counted

FOLDER = ("seq.in", "seq.out")
"""Names of the two files in a folder of utterances and their slots."""


def read_parallel(words: Path, tags: Path, encoding: str = UTF8) -> TaggedFile:
    """Read words and tags from two files; with other tags the second one is written.

    Raises:
        DataError: if they have different numbers of lines, or a line of words and tags.
    """
    sides = [read_lines(path, encoding) for path in (words, tags)]
    name = f"{words},{tags}"
    rows = [[cut(line, tabs=False) for line in _ended(side.bodies())] for side in sides]
    if len(rows[0]) != len(rows[1]):
        raise DataError(
            f"{name}: {counted(len(rows[0]), 'line')} of words and {len(rows[1]):,} of tags; give a "
            "line for each "
            "sentence in both files"
        )
    for number, (left, right) in enumerate(zip(*rows, strict=True), 1):
        if len(left) != len(right):
            raise DataError(
                f"{name}: line {number} has {counted(len(left), 'word')} and {counted(len(right), 'tag')}"
            )
    kept = [i for i, fields in enumerate(rows[0]) if fields]
    if not kept:
        raise DataError(f"{name}: holds no sentences")

    def with_tags(tags: Tags) -> str:
        return sides[1].replaced({i: " ".join(given) for i, given in zip(kept, tags, strict=True)})

    return TaggedFile(
        name,
        words=[rows[0][i] for i in kept],
        tags=[[*rows[1][i]] for i in kept],
        lines=[[i + 1] * len(rows[0][i]) for i in kept],
        form="parallel",
        columns=Columns(),
        with_tags=with_tags,
        notes=(f"words are lines of {words.name}, tags are lines of {tags.name}",),
    )


def _ended(lines: list[str]) -> list[str]:
    """Return the lines without blank ones at the end."""
    count = len(lines)
    while count and is_blank(lines[count - 1]):
        count -= 1
    return lines[:count]
