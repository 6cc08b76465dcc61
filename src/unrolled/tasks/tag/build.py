"""The network of a tagger."""

import torch
from torch import Tensor

from unrolled.data.tagged.schemes import SCHEMES, get_rules
from unrolled.layers.crf import Moves, make_forbidding_scores
from unrolled.models.tagger import CharacterEncoder, RecurrentTagger
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.config import TaggerConfig


def tag_rules(scheme: str, tags: list[str]) -> Moves | None:
    """Return the transition scores that forbid tag sequences outside a scheme; None without a scheme."""
    if scheme not in SCHEMES:
        return None
    return make_forbidding_scores(*map(torch.from_numpy, get_rules(scheme, tags)))


def build_model(config: TaggerConfig, artifacts: TaggerArtifacts, vectors: Tensor | None) -> RecurrentTagger:
    """Build the network over words and their characters.

    Args:
        config: configuration of the tagger.
        artifacts: words, characters and tags.
        vectors: pretrained word vectors (V, size); None to learn the embedding.
    """
    c, vocabularies, spelling = config.words, artifacts.vocabularies, None
    if c.characters:
        spelling = CharacterEncoder(
            len(vocabularies.characters), c.character_embedding, c.characters, c.character_dropout
        )
    return RecurrentTagger(
        len(vocabularies.words),
        len(vocabularies.tags),
        config.cell,
        config.network,
        config.dropout,
        spelling,
        crf=config.tags.output == "crf",
        rules=tag_rules(config.tags.scheme, vocabularies.tags),
        vectors=vectors,
    )
