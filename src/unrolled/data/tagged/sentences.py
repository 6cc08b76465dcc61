"""Sentences with one tag per word."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tagged:
    """Words and tags of each sentence."""

    words: list[list[str]]
    tags: list[list[str]]

    def take(self, rows: list[int]) -> "Tagged":
        """Return the sentences at the given indices."""
        return Tagged([self.words[i] for i in rows], [self.tags[i] for i in rows])
