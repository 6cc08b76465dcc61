"""Text of tokens that arrive a few at a time."""

from abc import ABC, abstractmethod
from collections.abc import Iterable


class IncrementalText(ABC):
    """Text of tokens that arrive a few at a time: the pieces, joined, are the text of all tokens."""

    @abstractmethod
    def push(self, ids: Iterable[int]) -> str:
        """Return the text of tokens; the bytes of a character that is not complete are held back."""

    def finish(self) -> str:
        """Return the text of bytes that were held back."""
        return ""
