"""The configuration of a classifier: one tree for the command line, recipes and config.json."""

from dataclasses import dataclass, field, replace
from typing import Literal

from unrolled.config import require
from unrolled.layers.pooling import PoolingKind
from unrolled.models import CellConfig, EncoderConfig
from unrolled.tasks.base.sources import Source, absolute
from unrolled.tasks.base.token_dropout import TokenDropoutConfig
from unrolled.text import TextConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class LabelledConfig:
    """The labelled sequences to learn from."""

    data: str = ""
    """Training data: a .csv, .tsv or .jsonl file with a text and a label column; a folder of LABEL.txt files,
    one text a line, or of folders LABEL, one text a file; LABEL=FILE,LABEL=FILE; or a data set such as
    @rt-polarity, @trec/train or @names."""

    valid: str = ""
    """Held-out data; without it valid_fraction of each label is held out at random."""

    valid_fraction: float = 0.1
    """Share of each label held out where valid is not given; 0 holds out nothing."""

    test: str = ""
    """Data to score once training is over."""

    text_column: str = "text"
    """Column with the text, by name, or by number from 1 if the file has no header."""

    label_column: str = "label"
    """Column with the label, by name, or by number from 1 if the file has no header."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")

    def with_sources(self, data: Source, valid: Source) -> "LabelledConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        return replace(
            self,
            data=absolute(self.data if data is None else data),
            valid=absolute(self.valid if valid is None else valid),
            test=absolute(self.test),
        )


@dataclass(frozen=True)
class HeadConfig:
    """From what the network read to a label."""

    pooling: PoolingKind = "max"
    """What the label is read from: the state after the last step (of each direction), the mean or the largest
    value over all steps, or a mean weighted by learned attention (Yang et al. 2016)."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced counts each example as N / (classes × examples of its class), so that rare labels count as
    much as frequent ones."""

    select: Literal["accuracy", "macro_f1", "loss"] = "accuracy"
    """Held-out figure by which the best weights are kept."""

    init_from: str = ""
    """Run folder of a language model to start from (Dai & Le 2015): its tokenizer, cell and sizes are taken,
    and its weights begin the (forward) network."""


def _words() -> TextConfig:
    return TextConfig(tokenizer="word", lowercase=True, split_punctuation=True)


@dataclass(frozen=True)
class ClassifierConfig:
    """A classifier and its training."""

    corpus: LabelledConfig = field(default_factory=LabelledConfig)
    text: TextConfig = field(default_factory=_words)
    cell: CellConfig = field(default_factory=CellConfig)
    network: EncoderConfig = field(default_factory=EncoderConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    dropout: TokenDropoutConfig = field(default_factory=TokenDropoutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require(
            self.network.entry != "vectors" or self.text.tokenizer == "word",
            f"input='vectors' needs tokenizer='word', not {self.text.tokenizer!r}",
        )
        require(
            not self.head.init_from or self.network.entry != "vectors",
            "init_from and input='vectors' both say what the input vectors start from; give one of them",
        )
