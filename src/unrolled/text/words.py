"""Word tokeniser: words are separated by white space."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from unrolled.arrays import Ids
from unrolled.reading import convert
from unrolled.text.incremental import IncrementalText
from unrolled.text.tokenizer import EOS, EOS_ID, UNK, UNK_ID, Tokenizer

_PARTS = re.compile(r"<unk>|<eos>|\w+(?:['’\-]\w+)*|[^\w\s]")
"""A word, with inner apostrophes and hyphens, or one punctuation mark."""


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    words: list[str]
    lowercase: bool
    split_punctuation: bool
    kind: Literal["word"] = "word"


class _WordText(IncrementalText):
    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at_line_start = tokens, True

    def push(self, ids: Iterable[int]) -> str:
        """See :meth:`IncrementalText.push`."""
        return "".join(map(self._piece, ids))

    def _piece(self, token: int) -> str:
        between = "" if self._at_line_start else " "
        self._at_line_start = token == EOS_ID
        return "\n" if token == EOS_ID else between + self._tokens[token]


class WordTokenizer(Tokenizer):
    """Tokeniser that splits at white space; every line ends with ``<eos>``.

    With ``split_punctuation`` every punctuation mark outside a word is a separate token: "end." is two
    tokens. The words ``<unk>`` and ``<eos>`` in a text are read as these special tokens.
    """

    kind: ClassVar[str] = "word"
    ends_lines: ClassVar[bool] = True

    def __init__(self, words: list[str], lowercase: bool = False, split_punctuation: bool = False) -> None:
        if len({*words, EOS, UNK}) != len(words) + 2 or not all(isinstance(w, str) for w in words):
            raise ValueError("a word vocabulary must have distinct words, without <eos> and <unk>")
        self._tokens = [EOS, UNK, *words]
        self._ids = {word: i for i, word in enumerate(self._tokens)}
        self._lowercase, self._split_punctuation = lowercase, split_punctuation

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        size: int = 0,
        min_frequency: int = 1,
        lowercase: bool = False,
        split_punctuation: bool = False,
    ) -> "WordTokenizer":
        """Build the vocabulary: words that occur at least ``min_frequency`` times, at most ``size`` − 2."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(split_words(text, lowercase, split_punctuation))
        frequent = [(word, n) for word, n in counts.items() if n >= min_frequency and word not in (EOS, UNK)]
        frequent.sort(key=lambda item: (-item[1], item[0]))
        words = [word for word, _ in frequent]
        return cls(words[: size - 2] if size else words, lowercase, split_punctuation)

    @property
    def tokens(self) -> list[str]:
        """See :attr:`Tokenizer.tokens`."""
        return self._tokens

    @property
    def splits_punctuation(self) -> bool:
        """Whether a punctuation mark outside a word is a token of its own."""
        return self._split_punctuation

    def encode(self, text: str) -> Ids:
        """See :meth:`Tokenizer.encode`; no ``<eos>`` is added after a last line without a line break."""
        lookup = self._ids.get
        ids: list[int] = []
        lines = text.split("\n")
        for number, line in enumerate(lines):
            ids.extend(lookup(word, UNK_ID) for word in self._split(line))
            if number < len(lines) - 1:
                ids.append(EOS_ID)
        return np.array(ids, dtype=np.int64)

    def begin_text(self) -> IncrementalText:
        """See :meth:`Tokenizer.begin_text`; words of a line are joined by one space."""
        return _WordText(self._tokens)

    def unknown(self, text: str) -> list[str]:
        """See :meth:`Tokenizer.unknown`."""
        return [w for w, _ in Counter(self._split(text)).most_common() if w not in self._ids]

    def split(self, text: str) -> list[str]:
        """Return the words of a text, one for each token of :meth:`encode`, as they are written there."""
        words = split_words(text, split_punctuation=self._split_punctuation)
        lower = self._split(text)
        return words if len(words) == len(lower) else lower  # lowercase letters can split differently

    def _split(self, text: str) -> list[str]:
        return split_words(text, self._lowercase, self._split_punctuation)

    def to_json(self) -> dict[str, Any]:
        """See :meth:`Tokenizer.to_json`."""
        return {
            "words": self._tokens[2:],
            "lowercase": self._lowercase,
            "split_punctuation": self._split_punctuation,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "WordTokenizer":
        """See :meth:`Tokenizer.from_json`."""
        stored = convert(values, _Stored)
        return cls(stored.words, stored.lowercase, stored.split_punctuation)


def split_words(text: str, lowercase: bool = False, split_punctuation: bool = False) -> list[str]:
    """Return the words of a text, split at white space, or its words and punctuation marks."""
    text = text.lower() if lowercase else text
    return _PARTS.findall(text) if split_punctuation else text.split()
