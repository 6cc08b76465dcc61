"""A language model as the start of a classifier (Dai & Le 2015)."""

import dataclasses

from torch import nn

from unrolled.errors import ConfigError
from unrolled.models import TokenReader
from unrolled.models.adopt import adopt
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.lm.task import LanguageModel
from unrolled.text import Tokenizer

SIZES = ("layers", "hidden", "projection", "residual", "skip", "input", "embedding")


def adopt_sizes(config: ClassifierConfig, *, is_text: bool) -> tuple[ClassifierConfig, Tokenizer]:
    """Return the configuration with cell and sizes of the language model that it names, and its tokeniser.

    Raises:
        ConfigError: if that model reads given vectors, or the classifier is to read vectors.
        RunError: if its run cannot be read.
    """
    if not is_text:
        raise ConfigError("init_from starts from a language model, which reads text, not vectors")
    lm = LanguageModel.load(config.head.init_from)
    theirs = lm.config.network
    if theirs.entry == "vectors":
        raise ConfigError(f"{config.head.init_from}: reads given vectors; init_from needs learned ones")
    network = dataclasses.replace(config.network, **{name: getattr(theirs, name) for name in SIZES})
    adopted = dataclasses.replace(config, text=lm.config.text, cell=lm.config.cell, network=network)
    return adopted, lm.tokenizer


def adopt_weights(reader: nn.Module, run: str) -> None:
    """Copy the weights of the language model of a run into the (forward) network of a classifier."""
    assert isinstance(reader, TokenReader)
    adopt(reader, LanguageModel.load(run).model)
