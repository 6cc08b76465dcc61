"""Options of network, dropout and optimizer whose defaults suit classifiers, or are left to the data."""

from dataclasses import dataclass, fields
from typing import NamedTuple

from unrolled.models import EncoderConfig
from unrolled.tasks.base.token_dropout import TokenDropoutConfig
from unrolled.training import OptimizerConfig

RATES = {"sgd": 0.5, "rmsprop": 0.001, "adam": 0.002, "adamw": 0.002, "nt-asgd": 0.5}
"""Learning rates by optimizer."""


class Sizes(NamedTuple):
    """Sizes of a network that suit a kind of input."""

    hidden: int
    embedding: int


SIZES = {
    "word": Sizes(150, 300),
    "bpe": Sizes(150, 300),
    "char": Sizes(256, 64),
    "vectors": Sizes(150, 1),
}
"""By tokenizer; or for sequences of vectors, which have no embedding."""


@dataclass(frozen=True)
class ClassifierNetworkConfig(EncoderConfig):
    """A network that reads a whole sequence before anything is said about it."""

    hidden: int = 0
    """Units of each layer (of each direction); 0 takes 256 for characters, else 150."""

    embedding: int = 0
    """Size of the learned vectors; 0 takes 300 for words and pieces, 64 for characters."""

    def __post_init__(self) -> None:
        self.settled(SIZES["word"])

    def settled(self, sizes: Sizes) -> EncoderConfig:
        """Return the options with sizes in place of those that are 0.

        Raises:
            ConfigError: if they contradict each other.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["hidden"] = self.hidden or max(sizes.hidden, self.projection + 1)
        values["embedding"] = self.embedding or sizes.embedding
        return EncoderConfig(**values)


class Rates(NamedTuple):
    """Rates of dropout that suit a kind of input."""

    dropout_input: float
    dropout_output: float
    dropout_word: float


DROPOUT = {
    "word": Rates(0.5, 0.5, 0.1),
    "bpe": Rates(0.5, 0.5, 0.1),
    "char": Rates(0.1, 0.3, 0.0),
    "vectors": Rates(0.0, 0.3, 0.0),
}
"""By tokenizer; or for sequences of vectors."""


@dataclass(frozen=True)
class ClassifierDropoutConfig(TokenDropoutConfig):
    """Dropout, by what it is applied to; every rate in [0, 1)."""

    # None is wider than the type of the base class; settled() returns plain rates.
    dropout_input: float | None = None  # type: ignore[assignment]
    """On the input vectors. None: 0.5 for words and pieces, 0.1 for characters, 0 for vectors."""

    dropout_output: float | None = None  # type: ignore[assignment]
    """On what the output layer reads. None: 0.5 for words and pieces, else 0.3."""

    dropout_word: float | None = None  # type: ignore[assignment]
    """On whole tokens, which are read as <unk> (Dai & Le 2015). None: 0.1 for words and pieces, else 0."""

    def __post_init__(self) -> None:
        self.settled(Rates(0.0, 0.0, 0.0))

    def settled(self, rates: Rates) -> TokenDropoutConfig:
        """Return the options with rates in place of those that are None.

        Raises:
            ConfigError: if a rate is not in [0, 1).
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return TokenDropoutConfig(**values | {n: r for n, r in rates._asdict().items() if values[n] is None})


@dataclass(frozen=True)
class ClassifierOptimizerConfig(OptimizerConfig):
    """How weights are updated."""

    lr: float = 0.0
    """Learning rate (its peak, where there is a schedule); 0 takes 0.002 for adam and adamw, 0.001 for
    rmsprop, 0.5 for the others."""

    moving_average: float = 0.99
    """Decay of a moving average of the weights, by which is validated and which is kept (Polyak & Juditsky
    1992); 0 keeps the weights themselves. Not used with nt-asgd, which has an average of its own."""

    def __post_init__(self) -> None:
        self.settled()

    def settled(self) -> OptimizerConfig:
        """Return the options with those filled in that follow from others.

        Raises:
            ConfigError: if they contradict each other.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.method == "nt-asgd":
            values["moving_average"] = 0.0
        values["lr"] = self.lr or RATES[self.method]
        return OptimizerConfig(**values)
