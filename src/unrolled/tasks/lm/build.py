"""The network of a language model."""

from torch import Tensor

from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.config import LanguageModelConfig


def build_model(
    config: LanguageModelConfig, known: LanguageArtifacts, vectors: Tensor | None
) -> RecurrentLanguageModel:
    """Build the network over a vocabulary; ``vectors`` (V, size) are those that the configuration names."""
    size = known.tokenizer.size
    return RecurrentLanguageModel(size, config.cell, config.network, config.dropout, vectors)
