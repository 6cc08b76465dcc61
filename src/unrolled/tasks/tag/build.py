"""The network of a tagger."""

import torch
from torch import Tensor

from unrolled.data.tagged.schemes import SCHEMES, rules_of
from unrolled.layers.crf import Moves, forbidding
from unrolled.models.tagger import RecurrentTagger, SpellingReader
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.config import TaggerConfig


def tag_rules(scheme: str, tags: list[str]) -> Moves | None:
    """Return the scores that forbid what a scheme does not allow; None if it allows everything."""
    if scheme not in SCHEMES:
        return None
    return forbidding(*map(torch.from_numpy, rules_of(scheme, tags)))


def build_model(config: TaggerConfig, known: TaggerArtifacts, vectors: Tensor | None) -> RecurrentTagger:
    """Build the network over words and their characters.

    Args:
        config: of the tagger.
        known: words, characters and tags.
        vectors: word vectors (V, size) that the configuration names.
    """
    c, numbers, spelling = config.words, known.numbering, None
    if c.characters:
        spelling = SpellingReader(
            len(numbers.characters), c.character_embedding, c.characters, c.character_dropout
        )
    return RecurrentTagger(
        len(numbers.words),
        len(numbers.tags),
        config.cell,
        config.network,
        config.dropout,
        spelling,
        crf=config.tags.output == "crf",
        rules=tag_rules(config.tags.scheme, numbers.tags),
        vectors=vectors,
    )
