"""Configuration of a language model, shared by the command line, recipes and ``config.json``."""

from dataclasses import dataclass, field, replace
from typing import Literal

from unrolled.config import require, require_at_least, with_options_repr
from unrolled.models import CellConfig, DropoutConfig, NetworkConfig
from unrolled.tasks.base.sources import Source
from unrolled.tasks.lm.hold_out import HoldOut
from unrolled.tasks.lm.sources import absolute_sources
from unrolled.text import TextConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class CorpusConfig:
    """The training text, and the held-out and test text."""

    data: str = ""
    """Training text: a file, a folder of files (one document each), a list (a.txt,b.txt), a pattern
    ('books/*.txt'), or a data set such as @tinyshakespeare, @ptb/train or @stdlib."""

    valid: str = ""
    """Held-out text. Without it, a part of the training text is held out; see valid_fraction and hold_out."""

    valid_fraction: float = 0.1
    """Fraction of the text to hold out if valid is not given; 0 holds out nothing."""

    hold_out: HoldOut = "auto"
    """Which part to hold out. end: the last part of the whole text. tails: the last part of each document.
    documents: whole documents, evenly spread. auto: end for one document, tails for up to 19, documents for
    more."""

    test: str = ""
    """Test text, scored after training."""

    mode: Literal["auto", "stream", "sentence", "paragraph"] = "auto"
    """stream: one long text; the state is carried along and reset at the start of each document. sentence:
    every line is a separate sequence. paragraph: a stream of prose with hard line breaks; the lines of a
    paragraph are joined, and a blank line ends it. auto: sentence with loss=sentence, else stream."""

    encoding: str = "utf-8"
    """Encoding of all these files, such as latin-1, cp1252 or utf-16; a byte order mark overrides it."""

    def __post_init__(self) -> None:
        require(
            0 <= self.valid_fraction < 1,
            f"valid_fraction={self.valid_fraction}: must lie in [0, 1)",
        )

    def with_sources(self, data: Source, valid: Source) -> "CorpusConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        return replace(
            self,
            data=absolute_sources(self.data if data is None else data),
            valid=absolute_sources(self.valid if valid is None else valid),
            test=absolute_sources(self.test),
        )


@dataclass(frozen=True)
class LanguageTextConfig(TextConfig):
    """How text is split into tokens."""

    # Other tasks have no "auto".
    tokenizer: Literal["auto", "char", "word", "bpe"] = "auto"  # type: ignore[assignment]
    """char: characters. word: words separated by white space; each line ends with <eos>. bpe: byte-pair
    pieces. auto: word if another option needs it (split_punctuation, vectors, adaptive_softmax), else
    char."""


@dataclass(frozen=True)
class LanguageTrainingConfig(TrainingConfig):
    """Length of training, batches, loss, and which weights are kept."""

    steps: int = 64
    """Steps per chunk, after which backpropagation through time is truncated (stream mode)."""

    loss: Literal["auto", "token", "steps", "sentence"] = "auto"
    """token: mean over all tokens. steps: sum over the steps of a chunk, mean over rows (Zaremba et al.
    2014). sentence: mean over each sentence, E = (1/T) Σ E_t, then over sentences. auto: token for a
    stream, sentence in sentence mode."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"steps": 1})


@with_options_repr
@dataclass(frozen=True)
class LanguageModelConfig:
    """Configuration of a language model and its training."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    text: LanguageTextConfig = field(default_factory=LanguageTextConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    dropout: DropoutConfig = field(default_factory=DropoutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: LanguageTrainingConfig = field(default_factory=LanguageTrainingConfig)

    def __post_init__(self) -> None:
        mode, loss = self.corpus.mode, self.training.loss
        require(
            loss != "sentence" or mode in ("auto", "sentence"),
            f"loss='sentence' needs mode='sentence', not {mode!r}: a stream has no sentences",
        )
        require(
            loss != "steps" or mode != "sentence",
            "loss='steps' needs mode='stream': sentences have no common number of steps",
        )
        cell = self.cell
        has_cell_init = cell.forget_bias is not None or cell.chrono > 0 or cell.recurrent_init != "uniform"
        require(
            not (self.network.init_range and has_cell_init),
            "init_range initialises all weights: leave out forget_bias, chrono and recurrent_init",
        )
        may_be_words = self.text.tokenizer in ("auto", "word")
        require(
            self.network.entry != "vectors" or may_be_words,
            f"input='vectors' needs tokenizer='word', not {self.text.tokenizer!r}",
        )
        adaptive = self.network.adaptive_softmax
        require(
            not adaptive or may_be_words,
            f"adaptive_softmax needs tokenizer='word', not {self.text.tokenizer!r}: only words are numbered "
            "from frequent to rare",
        )
        require(
            not (adaptive and self.training.label_smoothing),
            "label_smoothing does not go with adaptive_softmax: it needs the probability of every token",
        )
