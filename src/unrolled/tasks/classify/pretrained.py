"""Initialisation of a classifier from a trained language model (Dai & Le 2015)."""

import dataclasses

from torch import nn

from unrolled.errors import ConfigError
from unrolled.models import TokenEncoder
from unrolled.models.encoder_weights import load_encoder_weights
from unrolled.tasks.classify.config import ClassifierConfig, LabelledTextConfig
from unrolled.tasks.lm.task import LanguageModel
from unrolled.text import Tokenizer

SIZES = ("layers", "hidden", "projection", "residual", "skip", "input", "embedding")


def load_lm_sizes(config: ClassifierConfig, *, is_text: bool) -> tuple[ClassifierConfig, Tokenizer]:
    """Return the configuration with the cell and sizes of the language model, and its tokenizer.

    Raises:
        ConfigError: if that model uses pretrained word vectors, or the classifier reads vectors.
        RunError: if its run cannot be read.
    """
    if not is_text:
        raise ConfigError("init_from starts from a language model, which reads text, not vectors")
    lm = LanguageModel.load(config.head.init_from)
    lm_network = lm.config.network
    if lm_network.entry == "vectors":
        raise ConfigError(
            f"{config.head.init_from}: was trained with input='vectors'; init_from needs a model with "
            "learned input vectors"
        )
    network = dataclasses.replace(config.network, **{name: getattr(lm_network, name) for name in SIZES})
    text = LabelledTextConfig(**vars(lm.config.text))
    config = dataclasses.replace(config, text=text, cell=lm.config.cell, network=network)
    return config, lm.tokenizer


def load_lm_weights(reader: nn.Module, run: str) -> None:
    """Copy the weights of the language model in a run folder into the (forward) encoder of a classifier."""
    assert isinstance(reader, TokenEncoder)
    load_encoder_weights(reader, LanguageModel.load(run).model)
