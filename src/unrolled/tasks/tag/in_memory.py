"""Sentences from memory: lists of words and lists of tags."""

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np

from unrolled.data.tagged import Columns, Tagged, TaggedFile
from unrolled.errors import ConfigError, DataError
from unrolled.wording import counted

SOURCE_NAME = "the data"
EXPECTED = "fit(words, tags) takes two lists of sentences: [['time', 'flies']], [['NOUN', 'VERB']]"


def convert_tagged(words: Any, tags: Any = None) -> TaggedFile:
    """Convert tagged sentences; words and tags that are None, NaN or empty are missing.

    Args:
        words: ``Tagged``; or a list of words for each sentence; or, without ``tags``, a list of pairs
            (word, tag) for each sentence.
        tags: a list of tags for each sentence.

    Raises:
        ConfigError: if words and tags have another form, or a word or tag is not text.
        DataError: if a sentence has different numbers of words and tags.
    """
    if isinstance(words, Tagged):
        words, tags = words.words, words.tags
    elif tags is None:
        words, tags = _split_pairs(words)
    all_words, all_tags = _text_lists(words, "word"), _text_lists(tags, "tag")
    if len(all_words) != len(all_tags):
        raise DataError(
            f"there are {counted(len(all_words), 'sentence')} of words, but tags for {len(all_tags):,}"
        )
    pairs = list(zip(all_words, all_tags, strict=True))
    for number, (sentence, sentence_tags) in enumerate(pairs, 1):
        if sentence is not None and sentence_tags is not None and len(sentence) != len(sentence_tags):
            raise DataError(
                f"sentence {number} has {counted(len(sentence), 'word')} and "
                f"{counted(len(sentence_tags), 'tag')}; give one tag for each "
                f"word (it begins with {[*sentence[:3]]!r:.60})"
            )
    # A missing sentence becomes one missing word, and missing tags become one missing tag per word.
    not_empty = [(s or [None], t) for s, t in pairs if s != []]
    complete = [(s, t if t and s != [None] else [None] * len(s)) for s, t in not_empty]
    if not complete:
        raise DataError(f"{SOURCE_NAME}: holds no sentences")
    return TaggedFile(
        SOURCE_NAME,
        words=[[word or "" for word in sentence] for sentence, _ in complete],
        tags=[[tag if word else None for word, tag in zip(s, t, strict=True)] for s, t in complete],
        lines=[],
        form="memory",
        columns=Columns(),
        with_tags=lambda _: "",
    )


def convert_words(sentences: Any) -> tuple[list[list[str]], bool]:
    """Return the words of each sentence to tag, and whether the input is a single sentence, a list of words.

    Raises:
        ConfigError: if the sentences have another form, or a word is not text.
    """
    items = _as_list(sentences, "sentences")
    single = bool(items) and all(isinstance(item, str) for item in items)
    if single and (text := next((word for word in items if " " in word.strip()), None)) is not None:
        raise ConfigError(
            f"a sentence is a list of words, but {text!r:.60} contains several: split the text first; "
            "predict(['time', 'flies']) tags one sentence, predict([['time', 'flies'], …]) several"
        )
    words: list[list[str]] = []
    for number, sentence in enumerate(_text_lists([items] if single else items, "word"), 1):
        if sentence is None or not all(sentence):
            raise ConfigError(f"sentence {number}: a word is missing (None, NaN or empty)")
        words.append([str(word) for word in sentence])
    return words, single


def _split_pairs(sentences: Any) -> tuple[Any, Any]:
    """Return the words and the tags of sentences that are lists of pairs (word, tag)."""
    lists = [_as_list(sentence, "a sentence") for sentence in _as_list(sentences, "sentences")]
    pairs = [item for sentence in lists for item in sentence]
    if not pairs or not all(isinstance(item, tuple | list) and len(item) == 2 for item in pairs):
        raise ConfigError(f"tags are missing: {EXPECTED}")
    words, tags = ([[item[part] for item in sentence] for sentence in lists] for part in (0, 1))
    return words, tags


def _text_lists(sentences: Any, noun: str) -> list[list[str | None] | None]:
    """Return the words or tags of each sentence as a list, with None for missing items and sentences."""
    lists: list[list[str | None] | None] = []
    for number, sentence in enumerate(_as_list(sentences, "sentences"), 1):
        if _is_missing(sentence):
            lists.append(None)
            continue
        if isinstance(sentence, str):
            raise ConfigError(
                f"sentence {number} is the text {sentence!r:.60}, not a list of {noun}s; {EXPECTED}"
            )
        lists.append([_text_or_none(item, number, noun) for item in _as_list(sentence, f"sentence {number}")])
    return lists


def _text_or_none(item: Any, number: int, noun: str) -> str | None:
    if _is_missing(item) or (isinstance(item, str) and not item.strip()):
        return None
    if not isinstance(item, str):
        raise ConfigError(f"sentence {number}: a {noun} is {item!r:.60}, a {type(item).__name__}: give text")
    return str(item)


def _as_list(value: Any, name: str) -> list[Any]:
    if isinstance(value, str | bytes | dict) or not (
        isinstance(value, Iterable) and isinstance(value, Sized)
    ):
        raise ConfigError(f"{name}: is a {type(value).__name__}, not a list; {EXPECTED}")
    if getattr(value, "ndim", 1) == 2 and hasattr(value, "columns"):
        raise ConfigError(f"{name}: is a table; {EXPECTED}; for a file of columns give its path")
    return list(value)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or type(value).__name__ == "NAType"
        or (isinstance(value, float) and bool(np.isnan(value)))
    )
