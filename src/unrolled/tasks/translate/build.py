"""The network of a translator."""

from unrolled.models import EncoderDecoder
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslatorConfig


def build_model(config: TranslatorConfig, artifacts: TranslatorArtifacts) -> EncoderDecoder:
    """Build the encoder-decoder for the source and target vocabularies."""
    sizes = (artifacts.tokenizer.source.size, artifacts.tokenizer.target.size)
    return EncoderDecoder(sizes, config.cell, config.network, config.dropout)
