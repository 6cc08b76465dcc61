"""The configuration of a translator: one tree for the command line, recipes and config.json."""

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from unrolled.config import require, require_at_least, require_at_most, with_options_repr
from unrolled.data import PairForm
from unrolled.data.path_lists import split_paths
from unrolled.data.tables import TableConfig
from unrolled.decoding import SearchConfig
from unrolled.models import CellConfig, DropoutConfig, EncoderDecoderConfig
from unrolled.tasks.base.sources import resolve_path
from unrolled.text import TextConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class PairsConfig:
    """The pairs of texts for training, validation and test."""

    data: str = ""
    """Training pairs: two files aligned line by line (train.de,train.en), one file with a source and a
    target on each line (.tsv, .csv, .jsonl, .txt), a folder with train.de and train.en, or a data set such as
    @multi30k/train.de,@multi30k/train.en."""

    valid: str = ""
    """Held-out pairs, in the same forms. Empty: the last valid_fraction of the training pairs."""

    valid_fraction: float = 0.1
    """Fraction of the pairs to hold out if valid is not given; 0 holds out nothing."""

    test: str = ""
    """Test pairs, scored after training."""

    test_fraction: float = 0.0
    """Fraction of the pairs to use as test pairs if test is not given: the last ones."""

    source_column: str = ""
    """Column of the sources in a table, by name or by number from 1. Empty: inferred from the column names,
    else the first of two columns with text."""

    target_column: str = ""
    """Column of the targets, by name or by number from 1. Empty: inferred from the column names, else the
    second of two columns with text."""

    missing: Literal["drop", "error"] = "drop"
    """Pairs without source or target: drop leaves them out and reports their number; error names their
    lines."""

    max_length: int = 0
    """Largest number of tokens of a source or target in training; longer pairs are left out. 0: no limit."""

    read_at_most: int = 0
    """Number of tokens to read from the start of each source, in training and in use; 0 reads all."""

    def __post_init__(self) -> None:
        for name in ("valid_fraction", "test_fraction"):
            value = getattr(self, name)
            require(0 <= value < 1, f"{name}={value}: must lie in [0, 1)")
        require(
            self.valid_fraction + self.test_fraction < 1,
            f"valid_fraction={self.valid_fraction} and test_fraction={self.test_fraction}: together they "
            "must leave pairs to train on",
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
    return ",".join(p if not p or p.startswith("@") else resolve_path(p) for p in parts)


@dataclass(frozen=True)
class PairTextConfig(TextConfig):
    """Tokenizer options for sources and targets."""

    tokenizer: Literal["auto", "char", "word", "bpe"] = "auto"  # type: ignore[assignment]
    """Characters, words (separated by white space), or byte-pair pieces. auto: characters for short strings,
    words for texts with few distinct words, else pieces."""

    vocabulary: int = 0
    """Largest vocabulary size of each side, <eos> and <unk> included; 0: no limit (4000 for bpe)."""

    joint: bool = False
    """Learn one vocabulary from sources and targets together, instead of one for each. Implied by
    --share-embeddings."""

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
    """The encoder and the decoder."""

    embedding: int = 256
    """Size of the token embeddings of encoder and decoder."""

    attention: Literal["auto", "none", "fixed", "dot", "general", "additive"] = "auto"  # type: ignore[assignment]
    """How the decoder uses the source. none: only its initial state (Sutskever et al. 2014). fixed: also the
    same context vector at every step (Cho et al. 2014). dot, general: at each step a weighted mean of the
    encoder states, with weights from the decoder state after the step (Luong et al. 2015). additive: with
    weights from the decoder state before the step (Bahdanau et al. 2015). auto: dot, or general if encoder
    and decoder states have different sizes."""


@dataclass(frozen=True)
class TranslationDropoutConfig(DropoutConfig):
    """Dropout rates, each in [0, 1)."""

    dropout_input: float | None = None  # type: ignore[assignment]
    """On the input vectors. None: 0.2 for sentences; 0 for short strings and for few distinct words."""

    dropout_output: float | None = None  # type: ignore[assignment]
    """On the input of the output layer. None: 0.3 for sentences, else 0."""

    def __post_init__(self) -> None:
        rates = {name: getattr(self, name) or 0.0 for name in ("dropout_input", "dropout_output")}
        DropoutConfig(**asdict(self) | rates)


@dataclass(frozen=True)
class TranslationSearchConfig(SearchConfig):
    """Options of the search for outputs."""

    length_ratio: float = 0.0
    """Limit of the output length: this number of tokens per source token, plus 10. 0: one and a half times
    the longest training target, plus 10."""

    copy_unknown: bool = False
    """Replace an output <unk> by the source word with the most attention; otherwise <unk> is never output.
    Needs tokenizer=word and attention."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"length_ratio": 0})
        require_at_most(self, {"length_ratio": 1000})


@dataclass(frozen=True)
class TranslationTrainingConfig(TrainingConfig):
    """Training options: length, batches, and which weights are kept."""

    batch: int = 64
    """Batch size: number of pairs, of similar length, per optimizer step."""

    sampling: float = 0.0
    """Scheduled sampling: final fraction of decoder inputs sampled from the model itself (Bengio et al.
    2015); 0 always feeds the true token (teacher forcing)."""

    sampling_epochs: int = 10
    """Number of epochs over which the sampling fraction rises linearly from 0."""

    label_smoothing: float | None = None  # type: ignore[assignment]
    """Label smoothing: weight of the uniform distribution in the target, in [0, 1) (Szegedy et al. 2016).
    Reported losses exclude it. None: 0.1 for sentences, else 0."""

    select: Literal["loss", "bleu"] = "loss"
    """Validation metric that selects the best weights: the loss, or the BLEU of greedy outputs."""

    select_pairs: int = 500
    """Number of held-out pairs, from the first on, that each validation with select=bleu translates."""

    def __post_init__(self) -> None:
        common = {f.name: getattr(self, f.name) for f in fields(TrainingConfig)}
        TrainingConfig(**common | {"label_smoothing": self.label_smoothing or 0.0})  # checks the options
        require(0 <= self.sampling <= 1, f"sampling={self.sampling}: must lie in [0, 1]")
        require_at_least(self, {"sampling_epochs": 1, "select_pairs": 1})

    def sampling_probability_in(self, epoch: int) -> float:
        """Return the sampling fraction of an epoch, counted from 0."""
        return self.sampling * min(1.0, epoch / self.sampling_epochs)


@with_options_repr
@dataclass(frozen=True)
class TranslatorConfig:
    """Configuration of a translator and its training."""

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
        has_attention = self.network.attention not in ("none", "fixed")
        require(
            not self.search.copy_unknown or (has_attention and self.text.tokenizer in ("auto", "word")),
            "copy_unknown needs tokenizer='word' and attention (dot, general or additive): it copies the "
            "source word with the most attention",
        )

    @property
    def form(self) -> PairForm:
        """Format of files with pairs: columns, missing cells, table options."""
        corpus = self.corpus
        return PairForm(self.table, corpus.source_column, corpus.target_column, corpus.missing)
