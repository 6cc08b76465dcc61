"""Defaults of a translator that depend on the training pairs: columns, tokenizer, regularisation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from unrolled.data import Pairs
from unrolled.extras import has_extra
from unrolled.models import CellConfig
from unrolled.models.config import cells_by_option
from unrolled.tasks.translate.config import (
    PairTextConfig,
    TranslationDropoutConfig,
    TranslationNetworkConfig,
    TranslationTrainingConfig,
    TranslatorConfig,
)

Kind = Literal["char", "word", "bpe"]

SINGLE_WORDS = 1.5
"""Mean number of words of a text below which a side consists of single words."""
SHORT_STRING = 40
"""Mean number of characters of a text below which texts are short strings."""
RARE = 5
"""Number of occurrences below which a word is rare."""
MAX_RARE_FRACTION = 0.001
"""Largest fraction of rare words with which the words of a side are a closed set."""
BPE_VOCABULARY = 4000
"""Default vocabulary size of byte-pair encoding."""
RATES = {"dropout_input": 0.2, "dropout_output": 0.3, "label_smoothing": 0.1}
"""Regularisation for sentences."""


class FilledConfig(NamedTuple):
    """A configuration with all defaults filled in, and notes on the choices."""

    config: TranslatorConfig
    notes: tuple[str, ...]


def fill_defaults(config: TranslatorConfig, train: Pairs) -> FilledConfig:
    """Fill in the defaults that depend on the training pairs."""
    traits = measure_pairs(train)
    text, text_notes = _fill_text(config, traits)
    dropout, training, regularisation_notes = _fill_regularisation(config, traits)
    corpus, table = config.corpus, config.table
    if train.columns[0]:
        corpus = replace(corpus, source_column=train.columns[0], target_column=train.columns[1])
    if train.separator:
        table = replace(table, separator=train.separator)
    network = _fill_network(config.network)
    filled = replace(
        config,
        corpus=corpus,
        table=table,
        text=text,
        cell=_fill_cell(config.cell),
        network=network,
        dropout=dropout,
        training=training,
    )
    return FilledConfig(filled, (*text_notes, *regularisation_notes))


class PairTraits(NamedTuple):
    """Properties of the training pairs that decide the defaults."""

    short: bool
    """Short strings of which one side is single words, such as dates and spellings."""
    closed: bool
    """Few distinct words on both sides, as in commands."""

    @property
    def sentences(self) -> bool:
        """Sentences of a language, with an open vocabulary."""
        return not self.short and not self.closed


def measure_pairs(train: Pairs) -> PairTraits:
    """Return the properties of the training pairs."""
    sides = (train.sources, train.targets)
    words = [_mean([len(t.split()) for t in side]) for side in sides]
    characters = [_mean([len(t) for t in side]) for side in sides]
    short = min(words) < SINGLE_WORDS and max(characters) < SHORT_STRING
    return PairTraits(short, all(_rare_fraction(side) <= MAX_RARE_FRACTION for side in sides))


def _fill_regularisation(
    config: TranslatorConfig, traits: PairTraits
) -> tuple[TranslationDropoutConfig, TranslationTrainingConfig, tuple[str, ...]]:
    """Return dropout and label smoothing, and a note if any rate was chosen here."""
    dropout, training = config.dropout, config.training
    rates = {"dropout_input": dropout.dropout_input, "dropout_output": dropout.dropout_output}
    chosen = {name: RATES[name] * traits.sentences for name, rate in rates.items() if rate is None}
    smoothing = training.label_smoothing
    if smoothing is None:
        chosen["label_smoothing"] = smoothing = RATES["label_smoothing"] * traits.sentences
    dropout = replace(
        dropout,
        dropout_input=chosen.get("dropout_input", dropout.dropout_input),
        dropout_output=chosen.get("dropout_output", dropout.dropout_output),
    )
    training = replace(training, label_smoothing=smoothing)
    if not chosen or not traits.sentences:
        return dropout, training, ()
    options = ", ".join(f"--{name.replace('_', '-')} {rate:g}" for name, rate in chosen.items())
    return dropout, training, (f"sentences are trained on with {options}",)


def _fill_cell(cell: CellConfig) -> CellConfig:
    """Return the cell: a GRU, unless an option is set that a GRU does not have.

    On 29,000 pairs of sentences, a GRU was 5 BLEU better than an LSTM of the same size after 1,200 steps.
    """
    if cell.cell != "auto":
        return cell
    default = CellConfig()
    not_gru = [
        n
        for n, cells in cells_by_option().items()
        if getattr(cell, n) != getattr(default, n) and "gru" not in cells
    ]
    return replace(cell, cell=cell.name if not_gru else "gru")


def _fill_network(network: TranslationNetworkConfig) -> TranslationNetworkConfig:
    """Return the network with a kind of attention that fits its sizes."""
    if network.attention != "auto":
        return network
    features = network.encoder_size * (2 if network.bidirectional else 1)
    return replace(network, attention="dot" if features == network.hidden else "general")


def _fill_text(config: TranslatorConfig, traits: PairTraits) -> tuple[PairTextConfig, tuple[str, ...]]:
    """Return the tokenizer options, and a note if the kind of tokens was chosen here."""
    text, joint = config.text, config.text.joint or config.network.share_embeddings
    if text.tokenizer != "auto":
        return replace(text, joint=joint, vocabulary=_vocabulary_size(text, text.tokenizer)), ()
    kind, reason = _choose_tokens(config, traits)
    filled = replace(text, tokenizer=kind, joint=joint, vocabulary=_vocabulary_size(text, kind))
    noun = {"char": "characters", "word": "words", "bpe": "pieces"}[kind]
    return filled, (f"tokens are {noun}: {reason} (--tokenizer)",)


def _vocabulary_size(text: PairTextConfig, kind: Kind) -> int:
    return text.vocabulary or (BPE_VOCABULARY if kind == "bpe" else 0)


def _choose_tokens(config: TranslatorConfig, traits: PairTraits) -> tuple[Kind, str]:
    """Return the kind of tokens for the training pairs, and the reason.

    Options that only one kind of tokens has decide first. Otherwise short strings are split into characters,
    texts with few distinct words into words, and all others into pieces.
    """
    text = config.text
    if config.search.copy_unknown:
        return "word", "--copy-unknown needs words"
    if text.split_punctuation:
        return "word", "--split-punctuation needs words"
    if traits.short:
        return "char", "sources and targets are short strings"
    if traits.closed:
        return "word", "sources and targets have few different words"
    if text.vocabulary and text.vocabulary < 258:
        return "word", "--vocabulary is too small for pieces"
    if not has_extra("text"):
        return "word", "pieces need pip install 'unrolled[text]'"
    return "bpe", "sources and targets are sentences"


def _rare_fraction(texts: Sequence[str]) -> float:
    """Return the fraction of all words that are rare."""
    counts = Counter(word for text in texts for word in text.split())
    return sum(n for n in counts.values() if n < RARE) / max(counts.total(), 1)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / max(len(numbers), 1)
