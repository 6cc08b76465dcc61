"""Network, dropout and optimizer options with the defaults of classifiers."""

from dataclasses import dataclass, fields
from typing import NamedTuple

from unrolled.models import EncoderConfig
from unrolled.tasks.base.token_dropout import TokenDropoutConfig
from unrolled.training import OptimizerConfig

RATES = {"sgd": 0.5, "rmsprop": 0.001, "adam": 0.002, "adamw": 0.002, "nt-asgd": 0.5}
"""Learning rates by optimizer."""


class Sizes(NamedTuple):
    """Default sizes of the network for one kind of input."""

    hidden: int
    embedding: int


SIZES = {
    "word": Sizes(150, 300),
    "bpe": Sizes(150, 300),
    "char": Sizes(256, 64),
    "vectors": Sizes(150, 1),
}
"""Sizes by kind of input: the tokenizer, or "vectors", which have no embedding."""


@dataclass(frozen=True)
class ClassifierNetworkConfig(EncoderConfig):
    """The encoder of a classifier."""

    hidden: int = 0
    """Hidden units of each layer (of each direction); 0: 256 for characters, else 150."""

    embedding: int = 0
    """Size of the token embedding; 0: 300 for words and pieces, 64 for characters."""

    def __post_init__(self) -> None:
        self.resolve(SIZES["word"])  # checks the options

    def resolve(self, sizes: Sizes) -> EncoderConfig:
        """Return the options with ``sizes`` for those that are 0.

        Raises:
            ConfigError: if options contradict each other.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["hidden"] = self.hidden or max(sizes.hidden, self.projection + 1)
        values["embedding"] = self.embedding or sizes.embedding
        return EncoderConfig(**values)


class Rates(NamedTuple):
    """Default dropout rates for one kind of input."""

    dropout_input: float
    dropout_output: float
    dropout_word: float


DROPOUT = {
    "word": Rates(0.5, 0.5, 0.1),
    "bpe": Rates(0.5, 0.5, 0.1),
    "char": Rates(0.1, 0.3, 0.0),
    "vectors": Rates(0.0, 0.3, 0.0),
}
"""Dropout rates by kind of input: the tokenizer, or "vectors"."""


@dataclass(frozen=True)
class ClassifierDropoutConfig(TokenDropoutConfig):
    """Dropout rates, each in [0, 1)."""

    # None widens the type of the base class; resolve() returns plain rates.
    dropout_input: float | None = None  # type: ignore[assignment]
    """On the input vectors. None: 0.5 for words and pieces, 0.1 for characters, 0 for vectors."""

    dropout_output: float | None = None  # type: ignore[assignment]
    """On the input of the output layer. None: 0.5 for words and pieces, else 0.3."""

    dropout_word: float | None = None  # type: ignore[assignment]
    """Fraction of tokens that training replaces by <unk> (Dai & Le 2015). None: 0.1 for words and pieces,
    else 0."""

    def __post_init__(self) -> None:
        self.resolve(Rates(0.0, 0.0, 0.0))  # checks the options

    def resolve(self, rates: Rates) -> TokenDropoutConfig:
        """Return the options with ``rates`` for those that are None.

        Raises:
            ConfigError: if a rate is not in [0, 1).
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return TokenDropoutConfig(**values | {n: r for n, r in rates._asdict().items() if values[n] is None})


@dataclass(frozen=True)
class ClassifierOptimizerConfig(OptimizerConfig):
    """Optimizer options."""

    lr: float = 0.0
    """Learning rate (the peak rate with a schedule); 0: 0.002 for adam and adamw, 0.001 for rmsprop, 0.5 for
    the others."""

    moving_average: float = 0.99
    """Decay of an exponential moving average of the weights, which is validated and saved (Polyak & Juditsky
    1992); 0 uses the weights themselves. Not used with nt-asgd, which averages weights itself."""

    def __post_init__(self) -> None:
        self.resolve()  # checks the options

    def resolve(self) -> OptimizerConfig:
        """Return the options with defaults that depend on other options filled in.

        Raises:
            ConfigError: if options contradict each other.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.method == "nt-asgd":
            values["moving_average"] = 0.0
        values["lr"] = self.lr or RATES[self.method]
        return OptimizerConfig(**values)
