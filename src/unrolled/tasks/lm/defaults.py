"""Options that are left to other options and to the data, settled before training."""

import dataclasses

from unrolled.data import Document, Sentences
from unrolled.models import NetworkConfig
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import Tokens
from unrolled.tasks.lm.hold_out import describe, resolve
from unrolled.tasks.lm.lines import is_wrapped, wrapped_note


def fill_defaults(
    config: LanguageModelConfig, documents: list[Document], *, held_out: bool
) -> tuple[LanguageModelConfig, tuple[str, ...]]:
    """Return the configuration with nothing left open, and a line for each choice to tell.

    Args:
        config: as given.
        documents: to learn from.
        held_out: whether held-out text is given.
    """
    corpus, text = config.corpus, config.text
    notes = []
    if text.tokenizer == "auto":
        text = dataclasses.replace(text, tokenizer="word" if _needs_words(config) else "char")
    if corpus.mode == "auto":
        corpus = dataclasses.replace(
            corpus, mode="sentence" if config.training.loss == "sentence" else "stream"
        )
    corpus = dataclasses.replace(corpus, hold_out=resolve(corpus.hold_out, len(documents)))
    if not held_out and corpus.valid_fraction and len(documents) > 1:
        part = describe(corpus.hold_out, corpus.valid_fraction, len(documents))
        notes.append(f"held out: {part} (--hold-out, --valid-fraction, --valid)")
    if text.tokenizer == "word" and corpus.mode != "paragraph" and any(is_wrapped(d.text) for d in documents):
        notes.append(wrapped_note())
    network, tied = _tied(config.network)
    notes += tied
    return dataclasses.replace(config, corpus=corpus, text=text, network=network), tuple(notes)


def _tied(network: NetworkConfig) -> tuple[NetworkConfig, list[str]]:
    """Let the embedding have the size of the output that it is tied to, unless a size was given."""
    size = network.projection or network.hidden
    open_size = network.entry == "embedding" and network.embedding == NetworkConfig().embedding
    if not network.tie_weights or not open_size or network.embedding == size:
        return network, []
    said = f"embedding: {size}, the size of the output that it is tied to (--embedding, --tie-weights)"
    return dataclasses.replace(network, embedding=size), [said]


def fit_rows(config: LanguageModelConfig, tokens: Tokens) -> tuple[LanguageModelConfig, tuple[str, ...]]:
    """Return the configuration with no more rows than there are tokens, and a line that says so."""
    training, count = config.training, tokens.predictions
    if isinstance(tokens, Sentences) or count >= training.batch:
        return config, ()
    rows = max(1, count // training.steps)
    note = (
        f"batch: {rows}, since {count:,} tokens to learn from are too few for {training.batch} rows (--batch)"
    )
    return dataclasses.replace(config, training=dataclasses.replace(training, batch=rows)), (note,)


def _needs_words(config: LanguageModelConfig) -> bool:
    network = config.network
    return config.text.split_punctuation or network.entry == "vectors" or bool(network.adaptive_softmax)
