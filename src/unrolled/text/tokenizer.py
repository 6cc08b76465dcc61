"""What every tokeniser does: text to numbers and back, and itself to JSON and back."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unrolled.symbols import EOS, EOS_ID, UNK, UNK_ID

__all__ = ["EOS", "EOS_ID", "UNK", "UNK_ID", "Ids", "Tokenizer"]

Ids = NDArray[np.int64]


class Tokenizer(ABC):
    """Text to token numbers and back; 0 is ``<eos>`` and 1 is ``<unk>`` in every vocabulary."""

    kind: ClassVar[str]
    ends_lines: ClassVar[bool]
    """Whether every line of a text ends with ``<eos>`` (else ``<eos>`` only stands between documents)."""

    @property
    @abstractmethod
    def tokens(self) -> list[str]:
        """The vocabulary in the order of its numbers."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.size:,} tokens)"

    @property
    def size(self) -> int:
        """Number of tokens, ``<eos>`` and ``<unk>`` included."""
        return len(self.tokens)

    @abstractmethod
    def encode(self, text: str) -> Ids:
        """Return the token numbers of a text; what is not in the vocabulary is ``<unk>``."""

    @abstractmethod
    def pieces(self, ids: Iterable[int]) -> Iterator[str]:
        """Yield the text of a stream of token numbers as it comes."""

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of token numbers."""
        return "".join(self.pieces(ids))

    @abstractmethod
    def unknown(self, text: str) -> list[str]:
        """Return the kinds of tokens in a text that the vocabulary lacks, most frequent first."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return everything that :meth:`from_json` needs."""

    @classmethod
    @abstractmethod
    def from_json(cls, values: dict[str, Any]) -> "Tokenizer":
        """Rebuild from :meth:`to_json`, with or without ``kind``; raises ValueError if it is damaged."""
