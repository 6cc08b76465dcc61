"""Defaults of a classifier that depend on the data, filled in before training."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from unrolled.data import Labelled
from unrolled.layers.pooling import PoolingKind
from unrolled.tasks.classify.config import ClassifierConfig, LabelledTextConfig
from unrolled.tasks.classify.options import (
    DROPOUT,
    SIZES,
    ClassifierDropoutConfig,
    ClassifierNetworkConfig,
    ClassifierOptimizerConfig,
)
from unrolled.text import TextConfig

POOLING: dict[str, PoolingKind] = {"word": "attention", "bpe": "attention", "char": "max", "vectors": "max"}
"""Pooling by kind of input: the tokenizer, or "vectors"."""
MANY_TEXTS = 20_000
"""With more texts than this, words that occur only once become ``<unk>``."""
MAX_MEAN_WORDS_FOR_CHARACTERS = 2
"""Texts with at most this many words on average (names, terms) are read as characters."""
MAX_MEAN_WORD_LENGTH = 20
"""Texts with more characters per word than this (scripts without spaces) are read as characters."""
TARGET_STEPS, MAX_STEPS = 1000, 5000
"""Number of optimizer steps to aim for, and the most allowed. Rounding to whole epochs, at least one, can
exceed both."""
EPOCHS = {"char": (8, 60), "word": (4, 60), "bpe": (4, 60)}
"""Smallest and largest number of epochs, by tokenizer."""


def fill_defaults(config: ClassifierConfig, labelled: Labelled) -> tuple[ClassifierConfig, tuple[str, ...]]:
    """Return the configuration with all defaults filled in, and notes about the choices made from the texts.

    Options that the user gave are kept.

    Args:
        config: configuration from the user.
        labelled: training examples.
    """
    items: list[Any] = labelled.items
    is_text = isinstance(items[0], str)
    text, notes = config.text, []
    if is_text and text.tokenizer == "auto":
        tokenizer, reason = choose_tokenizer(items, has_pretrained_vectors=config.network.entry == "vectors")
        text = dataclasses.replace(text, tokenizer=tokenizer)
        noun = "characters" if tokenizer == "char" else "words"
        notes.append(f"using {noun} as tokens, because {reason}; change with --tokenizer")
    if text.tokenizer == "word" and not text.min_frequency and len(items) > MANY_TEXTS:
        text = dataclasses.replace(text, min_frequency=2)
    training = config.training
    if is_text and not (training.epochs or training.minutes):
        epochs = choose_epochs(len(items), training.batch, text.tokenizer)
        training = dataclasses.replace(training, epochs=epochs)
    kind = text.tokenizer if is_text else "vectors"
    network = ClassifierNetworkConfig(**vars(config.network.resolve(SIZES[kind])))
    pooling = config.head.pooling if config.head.pooling != "auto" else POOLING[kind]
    optimizer = ClassifierOptimizerConfig(**vars(config.optimizer.resolve()))
    dropout = ClassifierDropoutConfig(**vars(config.dropout.resolve(DROPOUT[kind])))
    if dropout.dropout and network.layers == 1:
        notes.append(
            "--dropout acts between layers and has no effect with one layer (use --dropout-input or "
            "--dropout-output)"
        )
    filled = dataclasses.replace(
        config,
        text=_resolve_text(text),
        network=network,
        head=dataclasses.replace(config.head, pooling=pooling),
        dropout=dropout,
        optimizer=optimizer,
        training=training,
    )
    return filled, tuple(notes)


def choose_tokenizer(
    texts: Sequence[str], *, has_pretrained_vectors: bool = False
) -> tuple[Literal["char", "word"], str]:
    """Return the kind of tokens that suits the texts, and the reason.

    Args:
        texts: training texts.
        has_pretrained_vectors: whether pretrained word vectors are used.
    """
    if has_pretrained_vectors:
        return "word", "word vectors are given"
    words = sum(len(text.split()) for text in texts) / len(texts)
    length = sum(map(len, texts)) / len(texts)
    if words <= MAX_MEAN_WORDS_FOR_CHARACTERS:
        return "char", f"texts have {words:.1f} words on average"
    if length / words > MAX_MEAN_WORD_LENGTH:
        return "char", f"words have {length / words:.0f} characters on average"
    return "word", f"texts have {words:.0f} words on average"


def choose_epochs(count: int, batch: int, tokenizer: str) -> int:
    """Return the number of epochs that gives about :data:`TARGET_STEPS` optimizer steps, within bounds.

    The limit of :data:`MAX_STEPS` takes precedence over the smallest number of epochs, but there is at least
    one epoch.

    Args:
        count: number of training examples.
        batch: batch size.
        tokenizer: kind of tokens, a key of :data:`EPOCHS`.
    """
    fewest, most = EPOCHS[tokenizer]
    max_epochs = max(round(MAX_STEPS * batch / count), 1)
    return min(max(round(TARGET_STEPS * batch / count), fewest), most, max_epochs)


def tokenizer_config(text: LabelledTextConfig) -> TextConfig:
    """Return the tokenizer options, after :func:`fill_defaults` has chosen the kind of tokenizer."""
    assert text.tokenizer != "auto"
    return text.resolve(text.tokenizer)


def _resolve_text(text: LabelledTextConfig) -> LabelledTextConfig:
    if text.tokenizer == "auto":  # sequences of vectors have no tokens
        return text
    return LabelledTextConfig(**vars(tokenizer_config(text)))
