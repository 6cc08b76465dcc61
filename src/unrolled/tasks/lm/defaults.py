"""Resolve the "auto" options of a language model from other options and from the data."""

import dataclasses

from unrolled.data import Document, Sentences
from unrolled.models import NetworkConfig
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import Tokens
from unrolled.tasks.lm.hold_out import describe_hold_out, resolve_hold_out
from unrolled.tasks.lm.lines import is_wrapped, wrapped_note


def fill_defaults(
    config: LanguageModelConfig, documents: list[Document], *, held_out: bool
) -> tuple[LanguageModelConfig, tuple[str, ...]]:
    """Return the configuration with all "auto" options resolved, and notes on the choices.

    Args:
        config: configuration as given.
        documents: training documents.
        held_out: True if held-out text is given.
    """
    corpus, text = config.corpus, config.text
    notes = []
    if text.tokenizer == "auto":
        text = dataclasses.replace(text, tokenizer="word" if _needs_words(config) else "char")
    if corpus.mode == "auto":
        corpus = dataclasses.replace(
            corpus, mode="sentence" if config.training.loss == "sentence" else "stream"
        )
    corpus = dataclasses.replace(corpus, hold_out=resolve_hold_out(corpus.hold_out, len(documents)))
    if not held_out and corpus.valid_fraction and len(documents) > 1:
        held_out_part = describe_hold_out(corpus.hold_out, corpus.valid_fraction, len(documents))
        notes.append(f"held out: {held_out_part} (--hold-out, --valid-fraction, --valid)")
    if text.tokenizer == "word" and corpus.mode != "paragraph" and any(is_wrapped(d.text) for d in documents):
        notes.append(wrapped_note())
    network, tied_notes = _tie_embedding_size(config.network)
    notes += tied_notes
    return dataclasses.replace(config, corpus=corpus, text=text, network=network), tuple(notes)


def _tie_embedding_size(network: NetworkConfig) -> tuple[NetworkConfig, list[str]]:
    """Set the embedding size to that of the tied output, unless a size was given; return notes too."""
    size = network.projection or network.hidden
    has_default_size = network.entry == "embedding" and network.embedding == NetworkConfig().embedding
    if not network.tie_weights or not has_default_size or network.embedding == size:
        return network, []
    note = f"embedding: {size}, the size of the output that it is tied to (--embedding, --tie-weights)"
    return dataclasses.replace(network, embedding=size), [note]


def fit_rows(config: LanguageModelConfig, tokens: Tokens) -> tuple[LanguageModelConfig, tuple[str, ...]]:
    """Return the configuration with a smaller batch if there are few tokens, and a note on it."""
    training, count = config.training, tokens.predictions
    if isinstance(tokens, Sentences) or count >= training.batch:
        return config, ()
    rows = max(1, count // training.steps)
    note = f"batch: {rows}, since {count:,} training tokens are too few for {training.batch} rows (--batch)"
    return dataclasses.replace(config, training=dataclasses.replace(training, batch=rows)), (note,)


def _needs_words(config: LanguageModelConfig) -> bool:
    network = config.network
    return config.text.split_punctuation or network.entry == "vectors" or bool(network.adaptive_softmax)
