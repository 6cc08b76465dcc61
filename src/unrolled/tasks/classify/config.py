"""The configuration of a classifier: one tree for the command line, recipes and config.json."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unrolled.config import options_repr, require
from unrolled.data.labelled import LabelledForm, Missing
from unrolled.data.labelled.lines import two_files
from unrolled.data.tables import TableConfig
from unrolled.models import CellConfig
from unrolled.tasks.base.sources import Source, absolute
from unrolled.tasks.classify.options import (
    ClassifierDropoutConfig,
    ClassifierNetworkConfig,
    ClassifierOptimizerConfig,
)
from unrolled.text import TextConfig
from unrolled.training import TrainingConfig


@dataclass(frozen=True)
class LabelledConfig:
    """The labelled sequences to learn from."""

    data: str = ""
    """Training data: a table with a text and a label column (CSV, TSV, JSON lines, a JSON array, a text file
    with a tab in each line); a file with a label at the beginning of each line (__label__NAME text); two
    files TEXTS,LABELS; a folder of LABEL.txt files, one text a line, or of folders LABEL, one text a file;
    LABEL=FILE,LABEL=FILE; or a data set such as @rt-polarity, @trec/train or @names."""

    valid: str = ""
    """Held-out data; without it valid_fraction of each label is held out at random."""

    valid_fraction: float = 0.1
    """Share of each label held out where valid is not given; 0 holds out nothing."""

    test: str = ""
    """Data to score once training is over."""

    text_column: str = ""
    """Column with the text, by name, or by number from 1; several are joined: title,body. Empty: found by its
    name, or by what it holds."""

    label_column: str = ""
    """Column with the label, by name, or by number from 1. Empty: found by its name, or as the one column
    with few values that recur."""

    missing: Missing = "drop"
    """Rows without text or label: drop leaves them out and says how many, error refuses them."""

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
    """Return a source with absolute paths; of ``TEXTS,LABELS`` both are made so."""
    text = str(source)
    both = two_files(text) if "," in text and not os.path.exists(text) and "=" not in text else None
    return ",".join(map(absolute, both)) if both else absolute(text)


@dataclass(frozen=True)
class HeadConfig:
    """From what the network read to a label."""

    pooling: Literal["auto", "last", "mean", "max", "attention"] = "auto"
    """What the label is read from: the state after the last step (of each direction), the mean or the largest
    value over all steps, or a mean weighted by learned attention (Yang et al. 2016). auto is attention for
    words and pieces, else max."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced counts each example as N / (classes × examples of its class), so that rare labels count as
    much as frequent ones."""

    select: Literal["accuracy", "macro_f1", "loss"] = "accuracy"
    """Held-out figure by which the best weights are kept."""

    init_from: str = ""
    """Run folder of a language model to start from (Dai & Le 2015): its tokenizer, cell and sizes are taken,
    and its weights begin the (forward) network."""


@dataclass(frozen=True)
class LabelledTextConfig:
    """How text becomes tokens."""

    tokenizer: Literal["auto", "char", "word", "bpe"] = "auto"
    """Characters, words (what white space separates), or byte-pair pieces. auto: characters for texts of one
    or two words or without blanks, else words."""

    vocabulary: int = 0
    """Largest vocabulary, <eos> and <unk> included; 0 is no limit (2000 for bpe)."""

    min_frequency: int = 0
    """Tokens that occur less often in the text become <unk>; 0 is 2 for pieces and the words of more
    than 20,000 texts, else 1."""

    lowercase: bool = True
    """Lower-case all text; --no-lowercase keeps capital letters."""

    split_punctuation: bool = True
    """Words only: every sign that is not part of a word is a word of its own, so that "end." is two;
    --no-split-punctuation leaves signs to the words."""

    def __post_init__(self) -> None:
        self.plain("bpe" if self.tokenizer == "bpe" else "word")

    def plain(self, tokenizer: Literal["char", "word", "bpe"]) -> TextConfig:
        """Return the options of one kind of tokenizer.

        Raises:
            ConfigError: if they contradict each other.
        """
        often = self.min_frequency or (2 if tokenizer == "bpe" else 1)
        split = self.split_punctuation and tokenizer == "word"
        return TextConfig(tokenizer, self.vocabulary, often, self.lowercase, split)


@options_repr
@dataclass(frozen=True)
class ClassifierConfig:
    """A classifier and its training."""

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
            "init_from and input='vectors' both say what the input vectors start from; give one of them",
        )

    @property
    def form(self) -> LabelledForm:
        """How the labelled data are written."""
        corpus = self.corpus
        return LabelledForm(corpus.text_column, corpus.label_column, corpus.missing, self.table)
