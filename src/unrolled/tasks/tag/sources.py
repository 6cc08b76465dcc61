"""Reading of training and held-out sentences, from files or memory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.data.path_lists import split_paths
from unrolled.data.tagged import Columns, Reader, Tagged, TaggedFile, open_tagged, select_complete
from unrolled.errors import ConfigError
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.tag.config import TaggedConfig
from unrolled.tasks.tag.data import EncodedSentences, split_train_held_out
from unrolled.tasks.tag.in_memory import convert_tagged


@dataclass(frozen=True)
class SplitSentences:
    """Training and held-out sentences."""

    train: Tagged
    valid: Tagged | None
    form: str
    """Format of the training file; "memory" without a file."""
    columns: Columns
    """Columns that were read."""
    notes: tuple[str, ...]


def split_pair(data: Any) -> tuple[Any, Any]:
    """Return a pair ``(words, tags)`` unchanged; for anything else ``(data, None)``."""
    if isinstance(data, tuple) and len(data) == 2 and not isinstance(data[0], str):
        return data
    return data, None


def to_path_or_sentences(X: Any, y: Any) -> tuple[str | Path | None, TaggedFile | None]:
    """Return the path or data set that X names and None, or None and the sentences in X and y.

    Raises:
        ConfigError: if sentences have another form.
        DataError: if X is a text that is not the name of a file or data set.
    """
    if X is None and y is not None:
        raise ConfigError("tags are given without words: fit(words, tags)")
    if X is None or (y is None and isinstance(X, str | Path) and _is_source(X)):
        return X, None
    return None, convert_tagged(X, y)


def _is_source(source: str | Path) -> bool:
    """Return whether data are given as a path, two paths separated by a comma, or a data set."""
    paths = split_paths(str(source))
    return (len(paths) > 1 and all(map(os.path.exists, paths))) or is_path(source)


def unseen_tag_notes(held_out: EncodedSentences) -> tuple[str, ...]:
    """Return a note on the number of words whose tag is absent from the training data; empty without any."""
    count = held_out.count_unseen()
    if not count:
        return ()
    tags = "has a tag" if count == 1 else "have tags"
    total = held_out.word_count
    return (f"{count:,} of {total:,} held-out words {tags} that the training data lack: counted as wrong",)


def open_matching(file: TaggedFile, other: str, corpus: TaggedConfig) -> TaggedFile:
    """Open another file, with the columns of ``file`` if both have the same format.

    Raises:
        DataError: see :func:`open_tagged`.
    """
    read, configured = file.columns, corpus.columns
    columns = Columns(configured.word or read.word, configured.tag or read.tag)
    tags = frozenset(tag for sentence in file.tags for tag in sentence if tag is not None)
    reader = Reader("" if file.form == "memory" else file.form, tags)
    return open_tagged(other, columns, encoding=corpus.encoding, model=reader)


def read_split(
    corpus: TaggedConfig, in_memory: TaggedFile | None, held_out: TaggedFile | None
) -> SplitSentences:
    """Read training and held-out sentences; without held-out data, hold out the last training sentences.

    Args:
        corpus: names of the files and columns, and the fraction to hold out.
        in_memory: training sentences from memory; None reads the file that the configuration names.
        held_out: held-out sentences from memory; None reads the file, if the configuration names one.

    Raises:
        DataError: if a file cannot be read, or no sentence remains.
    """
    file = in_memory or open_tagged(corpus.data, corpus.columns, encoding=corpus.encoding)
    tagged, dropped = select_complete(file, corpus.missing)
    notes = file.notes + dropped
    if corpus.valid:
        held_out = open_matching(file, corpus.valid, corpus)
    if held_out is not None:
        valid, valid_dropped = select_complete(held_out, corpus.missing)
        return SplitSentences(tagged, valid, file.form, file.columns, notes + valid_dropped)
    if not corpus.valid_fraction:
        return SplitSentences(tagged, None, file.form, file.columns, notes)
    train, last = split_train_held_out(tagged, corpus.valid_fraction)
    if last is None:
        notes += ("one sentence: nothing is held out (--valid gives held-out data)",)
    return SplitSentences(train, last, file.form, file.columns, notes)
