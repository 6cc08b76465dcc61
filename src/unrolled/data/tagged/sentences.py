"""Words of sentences, with a tag each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tagged:
    """Words of each sentence, and their tags."""

    words: list[list[str]]
    tags: list[list[str]]

    def take(self, rows: list[int]) -> "Tagged":
        """Return some of the sentences."""
        return Tagged([self.words[i] for i in rows], [self.tags[i] for i in rows])
