"""Character tokeniser."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from unrolled.arrays import Ids
from unrolled.reading import convert
from unrolled.text.incremental import IncrementalText
from unrolled.text.tokenizer import EOS, UNK, UNK_ID, Tokenizer


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    characters: list[str]
    lowercase: bool
    kind: Literal["char"] = "char"


class _CharacterText(IncrementalText):
    def __init__(self, names: list[str]) -> None:
        self._names = names

    def push(self, ids: Iterable[int]) -> str:
        """See :meth:`IncrementalText.push`."""
        return "".join(map(self._names.__getitem__, ids))


class CharacterTokenizer(Tokenizer):
    """Tokeniser with one token per Unicode code point; rare characters become ``<unk>``."""

    kind: ClassVar[str] = "char"
    ends_lines: ClassVar[bool] = False

    def __init__(self, characters: list[str], lowercase: bool = False) -> None:
        if any(len(c) != 1 for c in characters) or len(set(characters)) != len(characters):
            raise ValueError("a character vocabulary must hold distinct single characters")
        self._characters = characters
        self._names = ["\n", "\ufffd", *characters]
        self._lowercase = lowercase
        codes = np.array([ord(c) for c in characters], dtype=np.int64)
        self._id_by_code = np.full(int(codes.max(initial=0)) + 1, UNK_ID, dtype=np.int64)
        self._id_by_code[codes] = np.arange(2, 2 + len(codes))

    @classmethod
    def train(
        cls, texts: Iterable[str], *, size: int = 0, min_frequency: int = 1, lowercase: bool = False
    ) -> "CharacterTokenizer":
        """Build a vocabulary of ``<eos>``, ``<unk>`` and the most frequent characters.

        It has at most ``size`` tokens; 0: no limit. Characters that occur less than ``min_frequency`` times
        are left out.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text.lower() if lowercase else text)
        characters = [c for c, n in counts.most_common() if n >= min_frequency]
        return cls(sorted(characters[: size - 2] if size else characters), lowercase)

    @property
    def tokens(self) -> list[str]:
        """See :attr:`Tokenizer.tokens`."""
        return [EOS, UNK, *self._characters]

    def encode(self, text: str) -> Ids:
        """See :meth:`Tokenizer.encode`."""
        text = text.lower() if self._lowercase else text
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        in_table = codes < len(self._id_by_code)
        return np.where(in_table, self._id_by_code[np.where(in_table, codes, 0)], UNK_ID)

    def begin_text(self) -> IncrementalText:
        """See :meth:`Tokenizer.begin_text`; ``<unk>`` is shown as the replacement character U+FFFD."""
        return _CharacterText(self._names)

    def unknown(self, text: str) -> list[str]:
        """See :meth:`Tokenizer.unknown`."""
        vocabulary = set(self._characters)
        text = text.lower() if self._lowercase else text
        return [c for c, _ in Counter(text).most_common() if c not in vocabulary]

    def to_json(self) -> dict[str, Any]:
        """See :meth:`Tokenizer.to_json`."""
        return {"characters": self._characters, "lowercase": self._lowercase}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "CharacterTokenizer":
        """See :meth:`Tokenizer.from_json`."""
        stored = convert(values, _Stored)
        return cls(stored.characters, stored.lowercase)
