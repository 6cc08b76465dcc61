"""Options that are left to the data, filled in before training."""

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
"""By tokenizer; or for sequences of vectors."""
MANY = 20_000
"""Texts from which words that occur once become ``<unk>``."""
SHORT = 2
"""Words of a text that is a name or a term, at most."""
LONG_WORD = 20
"""Characters of a word, on average, from which text is of a script without blanks, or no words at all."""
UPDATES, MOST_UPDATES = 1000, 5000
EPOCHS = {"char": (8, 60), "word": (4, 60), "bpe": (4, 60)}
"""Fewest and most passes over the data, by tokenizer."""


def fill_defaults(config: ClassifierConfig, labelled: Labelled) -> tuple[ClassifierConfig, tuple[str, ...]]:
    """Return the configuration with everything filled in, and notes about what the texts decided.

    Options that were given stay.

    Args:
        config: as the caller gave it.
        labelled: the training part.
    """
    items: list[Any] = labelled.items
    is_text = isinstance(items[0], str)
    text, notes = config.text, []
    if is_text and text.tokenizer == "auto":
        chosen, reason = choose_tokenizer(items, vectors=config.network.entry == "vectors")
        text = dataclasses.replace(text, tokenizer=chosen)
        notes.append(f"tokens: {'characters' if chosen == 'char' else 'words'}, since {reason} (--tokenizer)")
    if text.tokenizer == "word" and not text.min_frequency and len(items) > MANY:
        text = dataclasses.replace(text, min_frequency=2)
    training = config.training
    if is_text and not (training.epochs or training.minutes):
        epochs = choose_epochs(len(items), training.batch, text.tokenizer)
        training = dataclasses.replace(training, epochs=epochs)
    kind = text.tokenizer if is_text else "vectors"
    network = ClassifierNetworkConfig(**vars(config.network.settled(SIZES[kind])))
    pooling = config.head.pooling if config.head.pooling != "auto" else POOLING[kind]
    optimizer = ClassifierOptimizerConfig(**vars(config.optimizer.settled()))
    dropout = ClassifierDropoutConfig(**vars(config.dropout.settled(DROPOUT[kind])))
    if dropout.dropout and network.layers == 1:
        notes.append("dropout between layers does nothing in one layer (--dropout-input, --dropout-output)")
    filled = dataclasses.replace(
        config,
        text=_filled_text(text),
        network=network,
        head=dataclasses.replace(config.head, pooling=pooling),
        dropout=dropout,
        optimizer=optimizer,
        training=training,
    )
    return filled, tuple(notes)


def choose_tokenizer(texts: Sequence[str], *, vectors: bool = False) -> tuple[Literal["char", "word"], str]:
    """Return the kind of tokens that suits the texts, and why.

    Args:
        texts: of training.
        vectors: whether vectors of words are given.
    """
    if vectors:
        return "word", "vectors of words are given"
    words = sum(len(text.split()) for text in texts) / len(texts)
    length = sum(map(len, texts)) / len(texts)
    if words <= SHORT:
        return "char", f"a text has {words:.1f} words on average"
    if length / words > LONG_WORD:
        return "char", f"a word has {length / words:.0f} characters on average"
    return "word", f"a text has {words:.0f} of them on average"


def choose_epochs(count: int, batch: int, tokenizer: str) -> int:
    """Return as many passes over the examples as make about :data:`UPDATES` updates, within bounds.

    Of many examples they are fewer again, so that updates do not exceed :data:`MOST_UPDATES` by much.
    """
    fewest, most = EPOCHS[tokenizer]
    limit = max(round(MOST_UPDATES * batch / count), 1)
    return min(max(round(UPDATES * batch / count), fewest), most, limit)


def settled_text(text: LabelledTextConfig) -> TextConfig:
    """Return the options of the tokenizer, once :func:`fill_defaults` has chosen its kind."""
    assert text.tokenizer != "auto"
    return text.plain(text.tokenizer)


def _filled_text(text: LabelledTextConfig) -> LabelledTextConfig:
    if text.tokenizer == "auto":  # sequences of vectors have no tokens
        return text
    return LabelledTextConfig(**vars(settled_text(text)))
