"""The configuration of a language model: one tree for the command line, recipes and config.json."""

from dataclasses import dataclass, field, replace
from typing import Literal

from unrolled.config import require, require_at_least
from unrolled.models import CellConfig, DropoutConfig, NetworkConfig
from unrolled.tasks.base.sources import Source, absolute
from unrolled.text import TextConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class CorpusConfig:
    """The text to learn from."""

    data: str = ""
    """Training text: a file, a folder of files (each one document), or a data set such as
    @tinyshakespeare, @ptb/train or @stdlib."""

    valid: str = ""
    """Held-out text; without it the last valid_fraction of the training text is held out."""

    valid_fraction: float = 0.1
    """Share of the text held out where valid is not given; 0 holds out nothing."""

    test: str = ""
    """Text to score once training is over."""

    mode: Literal["stream", "sentence"] = "stream"
    """stream: one long text, the state is carried along it and reset where a document begins.
    sentence: every line stands alone."""

    def __post_init__(self) -> None:
        require(
            0 <= self.valid_fraction < 1,
            f"valid_fraction={self.valid_fraction}: must lie in [0, 1)",
        )

    def with_sources(self, data: Source, valid: Source) -> "CorpusConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        return replace(
            self,
            data=absolute(self.data if data is None else data),
            valid=absolute(self.valid if valid is None else valid),
            test=absolute(self.test),
        )


@dataclass(frozen=True)
class LanguageTrainingConfig(TrainingConfig):
    """How long, on what batches, with which loss, and what is kept."""

    steps: int = 64
    """Time steps of one chunk: where backpropagation through time is cut off (stream mode)."""

    loss: Literal["auto", "token", "steps", "sentence"] = "auto"
    """token: mean over all tokens. steps: sum over the steps of a chunk, mean over rows (Zaremba et al.
    2014). sentence: mean over each sentence, E = (1/T) Σ E_t, then over sentences. auto: token for a
    stream, sentence in sentence mode."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"steps": 1})


@dataclass(frozen=True)
class LanguageModelConfig:
    """A language model and its training."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    text: TextConfig = field(default_factory=TextConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    dropout: DropoutConfig = field(default_factory=DropoutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: LanguageTrainingConfig = field(default_factory=LanguageTrainingConfig)

    def __post_init__(self) -> None:
        sentence = self.corpus.mode == "sentence"
        require(
            self.training.loss != "sentence" or sentence,
            "loss='sentence' needs mode='sentence': a stream has no sentences",
        )
        require(
            self.training.loss != "steps" or not sentence,
            "loss='steps' needs mode='stream': sentences have no common number of steps",
        )
        cell = self.cell
        start = cell.forget_bias is not None or cell.chrono > 0 or cell.recurrent_init != "uniform"
        require(
            not (self.network.init_range and start),
            "init_range starts every weight alike: leave forget_bias, chrono and recurrent_init out",
        )
        require(
            self.network.entry != "vectors" or self.text.tokenizer == "word",
            f"input='vectors' needs tokenizer='word', not {self.text.tokenizer!r}",
        )
        adaptive = self.network.adaptive_softmax
        require(
            not adaptive or self.text.tokenizer == "word",
            f"adaptive_softmax needs tokenizer='word', not {self.text.tokenizer!r}: only words are numbered "
            "from frequent to rare",
        )
        require(
            not (adaptive and self.training.label_smoothing),
            "label_smoothing does not go with adaptive_softmax: it needs the probability of every token",
        )
