"""A file of tagged sentences, as every reader returns it."""

from collections.abc import Callable
from dataclasses import dataclass

from unrolled.data.tagged.columns import Columns

Tags = list[list[str]]


@dataclass(frozen=True)
class TaggedFile:
    """Sentences of a file, and how to write the file with other tags."""

    name: str
    words: list[list[str]]
    tags: list[list[str | None]]
    """None is a word without a tag."""
    lines: list[list[int]]
    """Line of each word, from 1."""
    form: str
    """Of the file: "conllu", "columns", "inline", "json", "table", "parallel" or "plain"."""
    columns: Columns
    """Columns that were read; as options they read such a file again."""
    with_tags: Callable[[Tags], str]
    """Returns the text of the file with these tags in place of its own; all else is kept."""
    notes: tuple[str, ...] = ()
    """What was taken for what, one line each."""
