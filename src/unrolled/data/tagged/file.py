"""The result of every reader of tagged sentences."""

from collections.abc import Callable
from dataclasses import dataclass

from unrolled.data.tagged.columns import Columns

Tags = list[list[str]]


@dataclass(frozen=True)
class TaggedFile:
    """Sentences of a file, and a function that rewrites the file with other tags."""

    name: str
    words: list[list[str]]
    tags: list[list[str | None]]
    """Tags of each sentence; None for a word without a tag."""
    lines: list[list[int]]
    """Line number of each word, from 1."""
    form: str
    """Format of the file: "conllu", "columns", "inline", "rows", "json", "table", "parallel" or "plain"."""
    columns: Columns
    """Columns that were read; given as options, they read another file of the same format."""
    with_tags: Callable[[Tags], str]
    """Function that returns the text of the file with other tags and everything else unchanged."""
    notes: tuple[str, ...] = ()
    """How the file was interpreted, one line each."""
