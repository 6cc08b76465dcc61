"""The training and the held-out sentences that a configuration names, or that come from memory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.data.commas import split_paths
from unrolled.data.tagged import Columns, Tagged, TaggedFile, complete, open_tagged
from unrolled.errors import ConfigError
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.tag.config import TaggedConfig
from unrolled.tasks.tag.data import EncodedSentences, divide
from unrolled.tasks.tag.memory import sentences_of


@dataclass(frozen=True)
class Parts:
    """What to train on and what to hold out."""

    train: Tagged
    valid: Tagged | None
    form: str
    """Of the training file; "memory" if there is none."""
    columns: Columns
    """That were read."""
    notes: tuple[str, ...]


def pair_of(data: Any) -> tuple[Any, Any]:
    """Return words and tags of ``(words, tags)``; of anything else it, and None."""
    if isinstance(data, tuple) and len(data) == 2 and not isinstance(data[0], str):
        return data
    return data, None


def named_or_given(X: Any, y: Any) -> tuple[str | Path | None, TaggedFile | None]:
    """Return the path or data set that is named, or the sentences that are given.

    Raises:
        ConfigError: if sentences have another shape.
        DataError: for a text that names nothing.
    """
    if X is None and y is not None:
        raise ConfigError("tags are given without words: fit(words, tags)")
    if X is None or (y is None and isinstance(X, str | Path) and _is_named(X)):
        return X, None
    return None, sentences_of(X, y)


def _is_named(source: str | Path) -> bool:
    """Tell whether data are given by name: a path, two with a comma between, or a data set."""
    several = split_paths(str(source))
    return (len(several) > 1 and all(map(os.path.exists, several))) or is_path(source)


def unseen_note(held_out: EncodedSentences) -> tuple[str, ...]:
    """Return a note that counts the words whose tag training had not; none if there are none."""
    count = held_out.unseen()
    if not count:
        return ()
    words = f"{count:,} of {held_out.word_count:,} held-out words"
    return (f"{words} have tags that training has not: they count as wrong",)


def read_parts(corpus: TaggedConfig, given: TaggedFile | None, held_out: TaggedFile | None) -> Parts:
    """Read training and held-out sentences; without held-out ones the last of the training ones are.

    Args:
        corpus: names the files.
        given: training sentences from memory, in place of a file.
        held_out: held-out sentences from memory, likewise.

    Raises:
        DataError: if a file cannot be read, or no sentence is left.
    """
    file = given or open_tagged(corpus.data, corpus.columns, encoding=corpus.encoding)
    tagged, dropped = complete(file, corpus.missing)
    notes = file.notes + dropped
    if corpus.valid:
        held_out = open_tagged(corpus.valid, corpus.columns, encoding=corpus.encoding)
    if held_out is not None:
        valid, missing = complete(held_out, corpus.missing)
        return Parts(tagged, valid, file.form, file.columns, notes + missing)
    if not corpus.valid_fraction:
        return Parts(tagged, None, file.form, file.columns, notes)
    train, rest = divide(tagged, corpus.valid_fraction)
    if rest is None:
        notes += ("one sentence: nothing is held out (--valid gives held-out data)",)
    return Parts(train, rest, file.form, file.columns, notes)
