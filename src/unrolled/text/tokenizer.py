"""Base class of the tokenisers: text to token ids and back, saving to JSON and loading."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from unrolled.arrays import Ids
from unrolled.symbols import EOS, EOS_ID, UNK, UNK_ID
from unrolled.text.incremental import IncrementalText

__all__ = ["EOS", "EOS_ID", "UNK", "UNK_ID", "Ids", "Tokenizer"]


class Tokenizer(ABC):
    """Base class: converts text to token ids and back; ``<eos>`` is always 0 and ``<unk>`` is always 1."""

    kind: ClassVar[str]
    ends_lines: ClassVar[bool]
    """True if every line of a text ends with ``<eos>``; otherwise ``<eos>`` only separates documents."""

    @property
    @abstractmethod
    def tokens(self) -> list[str]:
        """The vocabulary in the order of its ids."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.size:,} tokens)"

    @property
    def size(self) -> int:
        """Number of tokens, ``<eos>`` and ``<unk>`` included."""
        return len(self.tokens)

    @abstractmethod
    def encode(self, text: str) -> Ids:
        """Return the token ids of a text; tokens outside the vocabulary become ``<unk>``."""

    @abstractmethod
    def begin_text(self) -> IncrementalText:
        """Return the text of token ids that arrive a few at a time."""

    def pieces(self, ids: Iterable[int]) -> Iterator[str]:
        """Yield the text of a stream of token ids piece by piece, as the ids arrive."""
        text = self.begin_text()
        for i in ids:
            if piece := text.push((i,)):
                yield piece
        if rest := text.finish():
            yield rest

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of token ids."""
        text = self.begin_text()
        return text.push(ids) + text.finish()

    @abstractmethod
    def unknown(self, text: str) -> list[str]:
        """Return the distinct tokens of a text that are not in the vocabulary, most frequent first."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return the JSON data that :meth:`from_json` reads."""

    @classmethod
    @abstractmethod
    def from_json(cls, values: dict[str, Any]) -> "Tokenizer":
        """Rebuild from the data of :meth:`to_json`, with or without ``kind``; raise ValueError if damaged."""
