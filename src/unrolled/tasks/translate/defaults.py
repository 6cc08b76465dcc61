"""Options that were left to the data: columns, separator, tokens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from unrolled.data import Pairs
from unrolled.extras import has_extra
from unrolled.tasks.translate.config import PairTextConfig, TranslationNetworkConfig, TranslatorConfig

Kind = Literal["char", "word", "bpe"]

SINGLE = 1.5
"""Words of a text, on average, up to which a side consists of single words."""
SHORT = 40
"""Characters of a text, on average, up to which it is a short string."""
RARE = 5
"""A word that occurs less often is rare."""
CLOSED = 0.001
"""Share of rare words up to which the words of a side are a closed set."""
PIECES = 4000
"""Size of a vocabulary of pieces."""


class Filled(NamedTuple):
    """A configuration without open options, and notes on the choices."""

    config: TranslatorConfig
    notes: tuple[str, ...]


def fill_defaults(config: TranslatorConfig, train: Pairs) -> Filled:
    """Settle the options that were left to the data by the training pairs."""
    text, notes = _text(config, train)
    corpus, table = config.corpus, config.table
    if train.columns[0]:
        corpus = replace(corpus, source_column=train.columns[0], target_column=train.columns[1])
    if train.separator:
        table = replace(table, separator=train.separator)
    network = _network(config.network)
    return Filled(replace(config, corpus=corpus, table=table, text=text, network=network), notes)


def _network(network: TranslationNetworkConfig) -> TranslationNetworkConfig:
    """Return the network with a kind of attention that goes with its sizes."""
    if network.attention != "auto":
        return network
    features = network.encoder_size * (2 if network.bidirectional else 1)
    return replace(network, attention="dot" if features == network.hidden else "general")


def _text(config: TranslatorConfig, train: Pairs) -> tuple[PairTextConfig, tuple[str, ...]]:
    """Return how text becomes tokens, and a note if that was chosen here."""
    text, joint = config.text, config.text.joint or config.network.share_embeddings
    if text.tokenizer != "auto":
        return replace(text, joint=joint, vocabulary=_vocabulary(text, text.tokenizer)), ()
    kind, reason = _kind(config, train)
    chosen = replace(text, tokenizer=kind, joint=joint, vocabulary=_vocabulary(text, kind))
    noun = {"char": "characters", "word": "words", "bpe": "pieces"}[kind]
    return chosen, (f"tokens are {noun}: {reason} (--tokenizer)",)


def _vocabulary(text: PairTextConfig, kind: Kind) -> int:
    return text.vocabulary or (PIECES if kind == "bpe" else 0)


def _kind(config: TranslatorConfig, train: Pairs) -> tuple[Kind, str]:
    """Return the kind of tokens for some pairs, and the reason.

    Options that only one kind has decide first. Short strings of which one side is single words, such as
    dates and spellings, are read character by character. Words are tokens where rare ones hardly occur, as in
    commands. Everything else is cut into pieces.
    """
    text, sides = config.text, (train.sources, train.targets)
    if config.search.copy_unknown:
        return "word", "--copy-unknown needs them"
    if text.split_punctuation:
        return "word", "--split-punctuation is theirs"
    words = [_mean([len(t.split()) for t in side]) for side in sides]
    if min(words) < SINGLE and max(_mean([len(t) for t in side]) for side in sides) < SHORT:
        return "char", "sources and targets are short strings"
    if all(_rare_share(side) <= CLOSED for side in sides):
        return "word", "sources and targets have few different words"
    if text.vocabulary and text.vocabulary < 258:
        return "word", "--vocabulary is too small for pieces"
    if not has_extra("text"):
        return "word", "pieces need pip install 'unrolled[text]'"
    return "bpe", "sources and targets are sentences"


def _rare_share(texts: Sequence[str]) -> float:
    """Return the share of running words that are rare."""
    counts = Counter(word for text in texts for word in text.split())
    return sum(n for n in counts.values() if n < RARE) / max(counts.total(), 1)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / max(len(numbers), 1)
