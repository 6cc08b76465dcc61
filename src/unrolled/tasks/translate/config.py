"""The configuration of a translator: one tree for the command line, recipes and config.json."""

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from unrolled.config import options_repr, require, require_at_least, require_at_most
from unrolled.data import PairForm
from unrolled.data.commas import split_paths
from unrolled.data.tables import TableConfig
from unrolled.decoding import SearchConfig
from unrolled.models import CellConfig, DropoutConfig, EncoderDecoderConfig
from unrolled.tasks.base.sources import resolved
from unrolled.text import TextConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class PairsConfig:
    """The pairs to learn from."""

    data: str = ""
    """Training pairs: two files aligned line by line (train.de,train.en), one file with a source and a
    target in each line (.tsv, .csv, .jsonl, .txt), or a folder with train.de and train.en;
    @multi30k/train.de,@multi30k/train.en and the like are data sets."""

    valid: str = ""
    """Held-out pairs, in the same form; without it the last valid_fraction of the training pairs."""

    valid_fraction: float = 0.1
    """Share of the pairs held out where valid is not given; 0 holds out nothing."""

    test: str = ""
    """Pairs to score once training is over."""

    test_fraction: float = 0.0
    """Share of the pairs, the last of all, scored once training is over where test is not given."""

    source_column: str = ""
    """Column of a table with the sources, by name or by number from 1. Empty: by the names of the columns,
    else the first one of two with text."""

    target_column: str = ""
    """Column with the targets. Empty: likewise, the second one."""

    missing: Literal["drop", "error"] = "drop"
    """Pairs that lack a side: drop leaves them out and counts them, error names their lines."""

    max_length: int = 0
    """Training pairs with more tokens than this on either side are left out; 0 keeps all."""

    read_at_most: int = 0
    """Tokens of a source that are read, the first ones, in training and in use; 0 reads all."""

    def __post_init__(self) -> None:
        for name in ("valid_fraction", "test_fraction"):
            value = getattr(self, name)
            require(0 <= value < 1, f"{name}={value}: must lie in [0, 1)")
        require(
            self.valid_fraction + self.test_fraction < 1,
            f"valid_fraction={self.valid_fraction} and test_fraction={self.test_fraction}: together they "
            "must leave pairs to learn from",
        )
        require_at_least(self, {"max_length": 0, "read_at_most": 0})

    def with_sources(self, data: str | Path | None, valid: str | Path | None) -> "PairsConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        return replace(
            self,
            data=_absolute(self.data if data is None else data),
            valid=_absolute(self.valid if valid is None else valid),
            test=_absolute(self.test),
        )


def _absolute(source: str | Path) -> str:
    parts = [part.strip() for part in split_paths(str(source))]
    return ",".join(p if not p or p.startswith("@") else resolved(p) for p in parts)


@dataclass(frozen=True)
class PairTextConfig(TextConfig):
    """How text becomes tokens, on both sides."""

    tokenizer: Literal["auto", "char", "word", "bpe"] = "auto"  # type: ignore[assignment]
    """Characters, words (what white space separates), or byte-pair pieces. auto: characters for short
    strings, words where there are few different ones, else pieces."""

    vocabulary: int = 0
    """Largest vocabulary of a side, <eos> and <unk> included; 0 is no limit (4000 for bpe)."""

    joint: bool = False
    """One vocabulary for both sides, learned on both; else each has its own, of at most vocabulary tokens.
    It is taken with --share-embeddings."""

    def __post_init__(self) -> None:
        if self.tokenizer != "auto":
            super().__post_init__()
            return
        require_at_least(self, {"min_frequency": 0, "vocabulary": 0})
        require(
            self.vocabulary == 0 or self.vocabulary >= 3,
            f"vocabulary={self.vocabulary}: must be 0 (no limit) or at least 3",
        )


@dataclass(frozen=True)
class TranslationNetworkConfig(EncoderDecoderConfig):
    """Encoder and decoder."""

    embedding: int = 256
    """Size of the learned vectors of tokens, on both sides."""

    attention: Literal["auto", "none", "fixed", "dot", "general", "additive"] = "auto"  # type: ignore[assignment]
    """What the decoder sees of the source. none: its own first state alone (Sutskever et al. 2014). fixed:
    and one vector at every step (Cho et al. 2014). dot, general: a weighted mean for each step, chosen by
    its state after it (Luong et al. 2015). additive: chosen by the state before it (Bahdanau et al. 2015).
    auto: dot, or general if encoder and decoder have vectors of different sizes."""


@dataclass(frozen=True)
class TranslationDropoutConfig(DropoutConfig):
    """Dropout, by what it is applied to; every rate in [0, 1)."""

    dropout_input: float | None = None  # type: ignore[assignment]
    """On the input vectors. None: 0.2 for sentences, 0 for short strings and few different words."""

    dropout_output: float | None = None  # type: ignore[assignment]
    """On what the output layer reads. None: 0.3 for sentences, else 0."""

    def __post_init__(self) -> None:
        rates = {name: getattr(self, name) or 0.0 for name in ("dropout_input", "dropout_output")}
        DropoutConfig(**asdict(self) | rates)


@dataclass(frozen=True)
class TranslationSearchConfig(SearchConfig):
    """How outputs are looked for."""

    length_ratio: float = 0.0
    """An output has at most so many tokens for each of the source, and 10; 0 is one and a half times the
    longest output of training, and 10."""

    copy_unknown: bool = False
    """Where <unk> is the best word, write the word of the source to which most attention goes; else <unk>
    is never written. Needs tokenizer=word and attention."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"length_ratio": 0})
        require_at_most(self, {"length_ratio": 1000})


@dataclass(frozen=True)
class TranslationTrainingConfig(TrainingConfig):
    """How long, on what batches, and what is kept."""

    batch: int = 64
    """Pairs trained side by side, of like length."""

    sampling: float = 0.0
    """Scheduled sampling: share of the decoder's inputs that it draws itself, at the end of its rise (Bengio
    et al. 2015); 0 always gives the true token (teacher forcing)."""

    sampling_epochs: int = 10
    """Epochs in which the share of sampling rises in equal steps, from 0 in the first."""

    label_smoothing: float | None = None  # type: ignore[assignment]
    """Weight of the uniform distribution in the target, in [0, 1) (Szegedy et al. 2016); what is reported is
    without it. None: 0.1 for sentences, else 0."""

    select: Literal["loss", "bleu"] = "loss"
    """Which weights are kept: those with the best held-out loss, or with the best BLEU of greedy outputs."""

    select_pairs: int = 500
    """Held-out pairs, the first ones, that are written out at a validation with select=bleu."""

    def __post_init__(self) -> None:
        common = {f.name: getattr(self, f.name) for f in fields(TrainingConfig)}
        TrainingConfig(**common | {"label_smoothing": self.label_smoothing or 0.0})  # checks them
        require(0 <= self.sampling <= 1, f"sampling={self.sampling}: must lie in [0, 1]")
        require_at_least(self, {"sampling_epochs": 1, "select_pairs": 1})

    def sampling_in(self, epoch: int) -> float:
        """Return the share of sampling in an epoch, counted from 0."""
        return self.sampling * min(1.0, epoch / self.sampling_epochs)


@options_repr
@dataclass(frozen=True)
class TranslatorConfig:
    """A translator and its training."""

    corpus: PairsConfig = field(default_factory=PairsConfig)
    table: TableConfig = field(default_factory=TableConfig)
    text: PairTextConfig = field(default_factory=PairTextConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: TranslationNetworkConfig = field(default_factory=TranslationNetworkConfig)
    dropout: TranslationDropoutConfig = field(default_factory=TranslationDropoutConfig)
    search: TranslationSearchConfig = field(default_factory=TranslationSearchConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TranslationTrainingConfig = field(default_factory=TranslationTrainingConfig)

    def __post_init__(self) -> None:
        self.network.check_cell(self.cell)
        self.network.check_dropout(self.dropout)
        attends = self.network.attention not in ("none", "fixed")
        require(
            not self.search.copy_unknown or (attends and self.text.tokenizer in ("auto", "word")),
            "copy_unknown needs tokenizer='word' and attention (dot, general or additive): it writes the "
            "word of the source to which most attention goes",
        )

    @property
    def form(self) -> PairForm:
        """How a file holds pairs."""
        corpus = self.corpus
        return PairForm(self.table, corpus.source_column, corpus.target_column, corpus.missing)
