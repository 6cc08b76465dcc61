"""The configuration of a classifier: one tree for the command line, recipes and config.json."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unrolled.config import require, with_options_repr
from unrolled.data.labelled import LabelledForm, Missing
from unrolled.data.labelled.lines import split_two_files
from unrolled.data.tables import TableConfig
from unrolled.models import CellConfig
from unrolled.tasks.base.sources import Source, make_absolute
from unrolled.tasks.classify.options import (
    ClassifierDropoutConfig,
    ClassifierNetworkConfig,
    ClassifierOptimizerConfig,
)
from unrolled.text import TextConfig
from unrolled.training import TrainingConfig


@dataclass(frozen=True)
class LabelledConfig:
    """The labelled sequences for training, validation and test."""

    data: str = ""
    """Training data: a table with a text and a label column (CSV, TSV, JSON lines, a JSON array, a text file
    with a tab in each line); a file with a label at the start of each line (__label__NAME text); two files
    TEXTS,LABELS; a folder of LABEL.txt files with one text per line, or of folders LABEL with one text per
    file; LABEL=FILE,LABEL=FILE; or a data set such as @rt-polarity, @trec/train or @names."""

    valid: str = ""
    """Held-out data. Empty: a random valid_fraction of the examples of each label."""

    valid_fraction: float = 0.1
    """Fraction of the examples of each label to hold out if valid is not given; 0 holds out nothing."""

    test: str = ""
    """Test data, scored after training."""

    text_column: str = ""
    """Column of the text, by name or by number from 1. Several are joined: title,body. Empty: inferred from
    the column names or the content."""

    label_column: str = ""
    """Column of the label, by name or by number from 1. Empty: inferred from the column names, or the only
    column with few, recurring values."""

    missing: Missing = "drop"
    """Rows without text or label: drop leaves them out and reports their number; error refuses them."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")

    def with_sources(self, data: Source, valid: Source) -> "LabelledConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        return replace(
            self,
            data=_absolute(self.data if data is None else data),
            valid=_absolute(self.valid if valid is None else valid),
            test=_absolute(self.test),
        )


def _absolute(source: str | Path) -> str:
    """Return a source with absolute paths; for ``TEXTS,LABELS`` both paths."""
    text = str(source)
    paths = split_two_files(text) if "," in text and not os.path.exists(text) and "=" not in text else None
    return ",".join(map(make_absolute, paths)) if paths else make_absolute(text)


@dataclass(frozen=True)
class HeadConfig:
    """The output layer, its loss, and which weights are kept."""

    pooling: Literal["auto", "last", "mean", "max", "attention"] = "auto"
    """Pooling of the hidden states before the output layer: the state after the last step (of each
    direction), the mean or the maximum over all steps, or a mean weighted by learned attention (Yang et al.
    2016). auto: attention for words and pieces, else max."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced: weight the loss of each example by N / (classes × examples of its class), so that rare labels
    count as much as frequent ones."""

    select: Literal["accuracy", "macro_f1", "loss"] = "accuracy"
    """Validation metric that selects the best weights."""

    init_from: str = ""
    """Run folder of a language model to start from (Dai & Le 2015). The classifier uses its tokenizer, cell
    and sizes, and its weights initialise the (forward) encoder."""


@dataclass(frozen=True)
class LabelledTextConfig:
    """Tokenizer options."""

    tokenizer: Literal["auto", "char", "word", "bpe"] = "auto"
    """Characters, words (separated by white space), or byte-pair pieces. auto: characters for texts of one or
    two words or without spaces, else words."""

    vocabulary: int = 0
    """Largest vocabulary size, <eos> and <unk> included; 0: no limit (2000 for bpe)."""

    min_frequency: int = 0
    """Smallest number of occurrences of a vocabulary token; rarer tokens become <unk>. 0: 2 for pieces and
    for the words of more than 20,000 texts, else 1."""

    lowercase: bool = True
    """Lower-case all text; --no-lowercase keeps capital letters."""

    split_punctuation: bool = True
    """Words only: split punctuation from words, so that "end." is two tokens; --no-split-punctuation keeps
    it attached."""

    def __post_init__(self) -> None:
        self.resolve("bpe" if self.tokenizer == "bpe" else "word")  # checks the options

    def resolve(self, tokenizer: Literal["char", "word", "bpe"]) -> TextConfig:
        """Return the options for one kind of tokenizer, with defaults filled in.

        Raises:
            ConfigError: if options contradict each other.
        """
        min_frequency = self.min_frequency or (2 if tokenizer == "bpe" else 1)
        split = self.split_punctuation and tokenizer == "word"
        return TextConfig(tokenizer, self.vocabulary, min_frequency, self.lowercase, split)


@with_options_repr
@dataclass(frozen=True)
class ClassifierConfig:
    """Configuration of a classifier and its training."""

    corpus: LabelledConfig = field(default_factory=LabelledConfig)
    table: TableConfig = field(default_factory=TableConfig)
    text: LabelledTextConfig = field(default_factory=LabelledTextConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: ClassifierNetworkConfig = field(default_factory=ClassifierNetworkConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    dropout: ClassifierDropoutConfig = field(default_factory=ClassifierDropoutConfig)
    optimizer: ClassifierOptimizerConfig = field(default_factory=ClassifierOptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        vectors = self.network.entry == "vectors"
        require(
            not vectors or self.text.tokenizer in ("auto", "word"),
            f"input='vectors' needs tokenizer='word', not {self.text.tokenizer!r}",
        )
        require(
            not self.head.init_from or not vectors,
            "init_from and input='vectors' both initialise the input vectors; give one of them",
        )

    @property
    def form(self) -> LabelledForm:
        """Format of the labelled data: columns, missing cells, table options."""
        corpus = self.corpus
        return LabelledForm(corpus.text_column, corpus.label_column, corpus.missing, self.table)
