"""Sentences from memory: lists of words and lists of their tags."""

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np

from unrolled.data.tagged import Columns, Tagged, TaggedFile
from unrolled.errors import ConfigError, DataError
from unrolled.wording import counted

NAME = "the data"
SHAPES = "fit(words, tags) takes two lists of sentences: [['time', 'flies']], [['NOUN', 'VERB']]"


def sentences_of(words: Any, tags: Any = None) -> TaggedFile:
    """Return sentences from memory; a word or tag that is None, NaN or empty is missing.

    Args:
        words: ``Tagged``; or a list of words for each sentence; or, without tags, a list of pairs
            (word, tag) for each sentence.
        tags: a list of tags for each sentence.

    Raises:
        ConfigError: if they have another shape, or a word or tag is no text.
        DataError: if a sentence has another number of tags than words.
    """
    if isinstance(words, Tagged):
        words, tags = words.words, words.tags
    elif tags is None:
        words, tags = _split_pairs(words)
    left, right = _nested(words, "word"), _nested(tags, "tag")
    if len(left) != len(right):
        raise DataError(f"there are {counted(len(left), 'sentence')} of words, but tags for {len(right):,}")
    pairs = list(zip(left, right, strict=True))
    for number, (sentence, given) in enumerate(pairs, 1):
        if sentence is not None and given is not None and len(sentence) != len(given):
            raise DataError(
                f"sentence {number} has {counted(len(sentence), 'word')} and "
                f"{counted(len(given), 'tag')}; give one tag for each "
                f"word (it begins with {[*sentence[:3]]!r:.60})"
            )
    filled = [(s or [None], g) for s, g in pairs if s != []]
    whole = [(s, g if g and s != [None] else [None] * len(s)) for s, g in filled]
    if not whole:
        raise DataError(f"{NAME}: holds no sentences")
    return TaggedFile(
        NAME,
        words=[[word or "" for word in sentence] for sentence, _ in whole],
        tags=[[tag if word else None for word, tag in zip(s, g, strict=True)] for s, g in whole],
        lines=[],
        form="memory",
        columns=Columns(),
        with_tags=lambda _: "",
    )


def words_of(sentences: Any) -> tuple[list[list[str]], bool]:
    """Return the words of sentences to tag, and whether they are one sentence, a list of words.

    Raises:
        ConfigError: for another shape, or a word that is no text.
    """
    given = _listed(sentences, "sentences")
    alone = bool(given) and all(isinstance(item, str) for item in given)
    if alone and (whole := next((word for word in given if " " in word.strip()), None)) is not None:
        raise ConfigError(
            f"a sentence is a list of its words, {whole!r:.60} holds several: split the text first; "
            "predict(['time', 'flies']) tags one sentence, predict([['time', 'flies'], …]) several"
        )
    words: list[list[str]] = []
    for number, sentence in enumerate(_nested([given] if alone else given, "word"), 1):
        if sentence is None or not all(sentence):
            raise ConfigError(f"sentence {number}: a word is missing (None, NaN or empty)")
        words.append([str(word) for word in sentence])
    return words, alone


def _split_pairs(sentences: Any) -> tuple[Any, Any]:
    """Return words and tags of sentences that are lists of pairs."""
    given = [_listed(sentence, "a sentence") for sentence in _listed(sentences, "sentences")]
    pairs = [item for sentence in given for item in sentence]
    if not pairs or not all(isinstance(item, tuple | list) and len(item) == 2 for item in pairs):
        raise ConfigError(f"tags are missing: {SHAPES}")
    words, tags = ([[item[part] for item in sentence] for sentence in given] for part in (0, 1))
    return words, tags


def _nested(sentences: Any, noun: str) -> list[list[str | None] | None]:
    """Return sentences as lists of text, None for what is missing."""
    found: list[list[str | None] | None] = []
    for number, sentence in enumerate(_listed(sentences, "sentences"), 1):
        if _is_missing(sentence):
            found.append(None)
            continue
        if isinstance(sentence, str):
            raise ConfigError(
                f"sentence {number} is the text {sentence!r:.60}, not a list of {noun}s; {SHAPES}"
            )
        found.append([_text(item, number, noun) for item in _listed(sentence, f"sentence {number}")])
    return found


def _text(item: Any, number: int, noun: str) -> str | None:
    if _is_missing(item) or (isinstance(item, str) and not item.strip()):
        return None
    if not isinstance(item, str):
        raise ConfigError(f"sentence {number}: a {noun} is {item!r:.60}, a {type(item).__name__}: give text")
    return str(item)


def _listed(value: Any, name: str) -> list[Any]:
    if isinstance(value, str | bytes | dict) or not (
        isinstance(value, Iterable) and isinstance(value, Sized)
    ):
        raise ConfigError(f"{name}: is a {type(value).__name__}, not a list; {SHAPES}")
    if getattr(value, "ndim", 1) == 2 and hasattr(value, "columns"):
        raise ConfigError(f"{name}: is a table; {SHAPES}; a file of columns is read by its path")
    return list(value)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or type(value).__name__ == "NAType"
        or (isinstance(value, float) and bool(np.isnan(value)))
    )
