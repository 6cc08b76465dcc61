"""The network of a translator."""

from unrolled.models import EncoderDecoder
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslatorConfig


def build_model(config: TranslatorConfig, known: TranslatorArtifacts) -> EncoderDecoder:
    """Build the network from one vocabulary to the other."""
    sizes = (known.tokenizer.source.size, known.tokenizer.target.size)
    return EncoderDecoder(sizes, config.cell, config.network, config.dropout)
