"""The vocabulary of an n-gram model: tokens and their ids."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.baselines.ngram.counts import Texts
from unrolled.baselines.ngram.marks import BOS, END, strip_sentence_marks
from unrolled.baselines.token_model import Tokens as Tokens
from unrolled.errors import DataError
from unrolled.symbols import EOS, EOS_ID, UNK, UNK_ID


class TokenTable:
    """Mapping between tokens and ids: 0 is ``<eos>``, 1 is ``<unk>``.

    Args:
        tokens: all tokens in the order of their ids.
        opening: id of the opening symbol of a text: that of ``<eos>``, or V for sentences (``<s>``).
    """

    def __init__(self, tokens: Sequence[str], opening: int) -> None:
        self.tokens, self.opening = list(tokens), opening
        self.numbers = {token: i for i, token in enumerate(self.tokens)}

    @classmethod
    def learn(cls, tokens: Tokens, min_frequency: int) -> "TokenTable":
        """Build the table from the tokens with at least ``min_frequency`` occurrences, most frequent first.

        Raises:
            DataError: if there are no tokens, they are neither one text nor sentences, or they contain
                ``<s>`` or ``</s>`` anywhere except at the ends of sentences, where the marks are removed.
        """
        sentences = are_sentences(tokens)
        counts: Counter[str] = Counter()
        try:
            for text in strip_marks(tokens) if sentences else [tokens]:
                counts.update(text)  # type: ignore[arg-type]
        except TypeError:  # lists within sentences
            counts[None] = 1  # type: ignore[index]
        if not all(isinstance(token, str) for token in counts):
            raise DataError(
                "a sentence contains an item that is not a string: give a list of lists of strings"
            )
        for mark in (BOS, END) if not sentences else ():
            if mark in counts:
                raise DataError(
                    f"the text holds {mark}: give a list of sentences, with these marks at their ends, or "
                    f"write {EOS} for {END} and leave {BOS} out"
                )
        frequent = sorted((-n, t) for t, n in counts.items() if n >= min_frequency and t not in (EOS, UNK))
        names = [EOS, UNK, *(t for _, t in frequent)]
        return cls(names, len(names) if sentences else EOS_ID)

    @property
    def by_sentences(self) -> bool:
        """True if texts are sentences, which start with ``<s>``."""
        return self.opening != EOS_ID

    def texts(self, tokens: Tokens) -> Texts:
        """Convert tokens to ids; tokens that are not in the table become ``<unk>``.

        Raises:
            DataError: if the tokens are sentences and the table is of one text, or vice versa; or if a
                sentence contains ``<eos>``.
        """
        if are_sentences(tokens) != self.by_sentences:
            form, other = ("sentences", "one text") if self.by_sentences else ("one text", "sentences")
            raise DataError(f"this model was fitted to {form}, and these tokens are {other}; give {form}")
        if not self.by_sentences:
            return Texts.opened([self.ids(tokens)], self.opening)
        tokens = strip_marks(tokens)
        words = self.ids(chain.from_iterable(tokens))
        lengths = np.array([len(sentence) for sentence in tokens], dtype=np.int64)
        ends = np.cumsum(lengths)
        if (words == EOS_ID).any():
            number = int(np.searchsorted(ends, (words == EOS_ID).argmax(), side="right")) + 1
            raise DataError(f"sentence {number} holds {EOS}: it is added automatically, leave it out")
        starts = ends - lengths + 2 * np.arange(len(lengths))
        ids = np.full(len(words) + 2 * len(lengths), EOS_ID)
        inside = np.ones(len(ids), dtype=np.bool_)
        inside[starts] = inside[starts + lengths + 1] = False
        ids[starts], ids[inside] = self.opening, words
        return Texts(ids, starts)

    def ids(self, tokens: Iterable[Any]) -> Ids:
        """Return the id of each token."""
        try:
            return np.fromiter(map(self.numbers.get, tokens, repeat(UNK_ID)), dtype=np.int64)
        except TypeError:
            raise DataError(
                "a sentence contains an item that is not a string: give a list of lists of strings"
            ) from None


def strip_marks(sentences: Sequence[Any]) -> list[Sequence[Any]]:
    """Remove the marks ``<s>`` and ``</s>`` from the ends of sentences.

    Raises:
        DataError: if there is a mark inside a sentence.
    """
    stripped = [strip_sentence_marks(s) for s in sentences]
    for number, sentence in enumerate(stripped, 1):
        if any(isinstance(word, str) and word in (BOS, END) for word in sentence):
            raise DataError(
                f"sentence {number} holds {BOS} or {END} inside, which mark the ends of a sentence: split it "
                "there, or remove them"
            )
    return stripped


def are_sentences(tokens: Tokens) -> bool:
    """Return whether tokens are sentences rather than one text.

    Raises:
        DataError: if they are neither, or empty.
    """
    if isinstance(tokens, str):
        raise DataError("a string is not a list of tokens: give text.split(), or list(text) for characters")
    if not len(tokens):
        raise DataError("there are no tokens: give a list of tokens, or a list of sentences")
    types = set(map(type, tokens))
    strings = sum(issubclass(item_type, str) for item_type in types)
    if 0 < strings < len(types):
        raise DataError("give a list of tokens or a list of sentences: this list holds both")
    if not strings and not all(issubclass(item_type, (list, tuple, np.ndarray)) for item_type in types):
        names = ", ".join(sorted(item_type.__name__ for item_type in types))
        raise DataError(f"tokens must be strings, and sentences lists of strings; this list holds {names}")
    return not strings
