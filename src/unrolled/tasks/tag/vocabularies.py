"""The vocabularies of a tagger."""

from dataclasses import dataclass

from unrolled.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Vocabularies:
    """The words, characters and tags that a tagger knows."""

    words: Vocabulary
    characters: Vocabulary
    tags: list[str]
