"""Build the network of a language model."""

from torch import Tensor

from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.config import LanguageModelConfig


def build_model(
    config: LanguageModelConfig, artifacts: LanguageArtifacts, vectors: Tensor | None
) -> RecurrentLanguageModel:
    """Build the network; ``vectors`` (V, size) are pretrained word vectors or None."""
    size = artifacts.tokenizer.size
    return RecurrentLanguageModel(size, config.cell, config.network, config.dropout, vectors)
