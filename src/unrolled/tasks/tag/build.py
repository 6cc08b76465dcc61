"""The network of a tagger."""

import torch
from torch import Tensor

from unrolled.arrays import Numbers
from unrolled.layers.crf import Moves
from unrolled.models.tagger import CharacterEncoder, RecurrentTagger
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.rules import tag_rules


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
    rules = tag_rules(config.tags.scheme, vocabularies.tags)
    return RecurrentTagger(
        len(vocabularies.words),
        len(vocabularies.tags),
        config.cell,
        config.network,
        config.dropout,
        spelling,
        crf=config.tags.output == "crf",
        rules=None if rules is None else Moves(*map(_to_tensor, rules)),
        vectors=vectors,
    )


def _to_tensor(scores: Numbers) -> Tensor:
    return torch.from_numpy(scores).to(torch.get_default_dtype())
