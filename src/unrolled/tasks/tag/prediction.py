"""What every tagger shares in prediction, with and without torch: its input, and the file with new tags."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from unrolled.data.tagged import Reader, TaggedFile, open_tagged
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.tag.config import TaggedConfig
from unrolled.tasks.tag.in_memory import convert_words
from unrolled.visible import escape_control_characters

Sentences = list[list[str]]
Predict = Callable[[Sentences], Sentences]
"""Returns the tags of sentences, none of which is empty."""


def open_for_model(
    source: str, corpus: TaggedConfig, data_info: Mapping[str, Any], tags: list[str], *, tagged: bool
) -> TaggedFile:
    """Open a file for a model, with the columns of the training file if both have the same format.

    Args:
        source: the file.
        corpus: names of the columns, and the encoding.
        data_info: facts about the training data, with the format of their file.
        tags: tags that the model knows.
        tagged: whether words without a tag are an error.

    Raises:
        DataError: if the file cannot be read.
    """
    is_number = corpus.word_column.lstrip("-").isdecimal()
    default = ("columns" if is_number else "conllu") if corpus.word_column else ""  # of earlier versions
    form = data_info.get("form", default)
    reader = Reader("" if form == "memory" else form, frozenset(tags))
    return open_tagged(source, corpus.columns, encoding=corpus.encoding, tagged=tagged, model=reader)


def predict_input(X: Any, read: Callable[[str], Sentences], predict: Predict) -> Any:
    """Return the tags of a sentence, of several sentences or of a file; see :meth:`Tagger.predict`.

    Args:
        X: one sentence, as a list of words; or a list of such sentences; or a file.
        read: returns the sentences of a file.
        predict: see :data:`Predict`.

    Raises:
        ConfigError: if a sentence is not a list of words.
        DataError: if a file cannot be read.
    """
    if isinstance(X, Path) or (isinstance(X, str) and is_path(X)):
        return predict_sentences(read(str(X)), predict)
    words, single = convert_words(X)
    tags = predict_sentences(words, predict)
    return tags[0] if single else tags


def predict_sentences(sentences: Sentences, predict: Predict) -> Sentences:
    """Return the tags of each sentence; an empty list for an empty sentence."""
    not_empty = [sentence for sentence in sentences if sentence]
    if not not_empty:
        return [[] for _ in sentences]
    remaining = iter(predict(not_empty))
    return [next(remaining) if sentence else [] for sentence in sentences]


def write_tagged(file: TaggedFile, predict: Predict, out: TextIO) -> None:
    """Write a copy of a file with predicted tags in place of its tags, or in a new last column.

    Plain text is read with one sentence per line, and written as two columns. Notes on how the file was read
    are printed to standard error.
    """
    print_notes(file.notes)
    out.write(file.with_tags(predict_sentences(file.words, predict)))


def print_notes(notes: tuple[str, ...]) -> None:
    """Print notes on a file to standard error, without the training options in parentheses."""
    for note in notes:
        print(escape_control_characters(note.partition(" (--")[0]), file=sys.stderr)
