"""The network of a model: its cell, its size, how tokens enter it, and its dropout."""

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from unrolled.cells import CELLS, Cell
from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most
from unrolled.errors import ConfigError
from unrolled.layers import RecurrentDrop

RECURRENT = tuple(cell.name for cell in CELLS)
WINDOWED = ("feed-forward", "tdnn")
CHOICE = ("lstm", "gru", "elman")
"""Cells on which an open choice falls: the first that has all of the options given."""
LOOP_OPTIONS = ("skip", "dropout_weight", "dropout_candidate", "zoneout", "zoneout_cell")
"""Options that act in the loop from step to step, which windows do not have."""
if TYPE_CHECKING:
    CellName = str
else:
    CellName = Literal[("auto", *RECURRENT, *WINDOWED)]


@dataclass(frozen=True)
class CellConfig:
    """The mathematics of one step."""

    cell: CellName = "auto"
    """Recurrent cell. auto is lstm, or the first of gru and elman that has the options given. Its elders read
    a window in place of a state: feed-forward the last inputs, in its first layer (Bengio et al. 2003), tdnn
    the last steps of the layer below, in every layer (time delays, Waibel et al. 1989). --model is another
    name of this option."""

    context: int = 5
    """Steps that a layer reads, the present one included; feed-forward (its first layer) and tdnn only."""

    nonlinearity: Literal["tanh", "relu", "sigmoid"] = "tanh"
    """σ of the hidden layer; not of lstm and gru."""

    reset: Literal["after", "before"] = "after"
    """Where the reset gate acts; gru only."""

    peepholes: bool = False
    """Gates see the cell state; lstm only."""

    forget_bias: float | None = None
    """Start of the forget gate's bias, 1 is usual; lstm only. None starts as torch does."""

    chrono: int = 0
    """Longest dependency to expect, in steps: the gates that keep the memory start for it (Tallec & Ollivier
    2018); lstm and gru only. 0 starts as torch does."""

    layer_norm: bool = False
    """Normalise inside the cell (Ba et al. 2016)."""

    recurrent_init: Literal["uniform", "orthogonal", "identity"] = "uniform"
    """Start of the hidden-to-hidden weights."""

    def __post_init__(self) -> None:
        for name, cells in self._particular().items():
            value = getattr(self, name)
            require(
                self.name in cells,
                f"{name}={value!r} is an option of {_listed(cells)}, "
                + (f"not of cell={self.cell!r}" if self.cell != "auto" else "say which: cell"),
            )
        require_at_least(self, {"context": 1})
        require_at_most(self, {"context": LARGEST_SIZE})
        if not self.windowed:
            self.build()

    @property
    def name(self) -> str:
        """The cell, chosen by the options that only one has where it is left open."""
        if self.cell != "auto":
            return self.cell
        particular = self._particular().values()
        return next((n for n in CHOICE if all(n in cells for cells in particular)), CHOICE[0])

    def _particular(self) -> dict[str, tuple[str, ...]]:
        """Return the options that are not as usual, by the cells that have them."""
        usual = {f.name: f.default for f in fields(self)}
        return {name: cells for name, cells in owners().items() if getattr(self, name) != usual[name]}

    @property
    def windowed(self) -> bool:
        """Whether it is no recurrent cell but a network of windows over time."""
        return self.name in WINDOWED

    def windows(self, layers: int) -> tuple[int, ...]:
        """Return the steps that each layer of a network of windows reads."""
        rest = self.context if self.name == "tdnn" else 1
        return (self.context, *(rest,) * (layers - 1))

    def build(self) -> Cell:
        """Return the cell.

        Raises:
            ConfigError: if it is a network of windows, which has no step from state to state.
        """
        kind = next((cell for cell in CELLS if cell.name == self.name), None)
        if kind is None:
            raise ConfigError(f"cell={self.name!r} is not a recurrent cell")
        own: dict[str, Any] = {n: getattr(self, n) for n in kind.option_names() if hasattr(self, n)}
        return kind(**own)


@cache
def owners() -> dict[str, tuple[str, ...]]:
    """Return the options of :class:`CellConfig` by the cells that have them."""
    windowed = ("context", "nonlinearity")
    names = [f.name for f in fields(CellConfig) if f.name != "cell"]
    return {
        name: (
            *(cell.name for cell in CELLS if name in cell.option_names()),
            *(WINDOWED if name in windowed else ()),
        )
        for name in names
    }


@cache
def loop_owners() -> dict[str, tuple[str, ...]]:
    """Return the options of the loop and of the stack that some cells lack, by the cells that have them."""
    return dict.fromkeys(LOOP_OPTIONS, RECURRENT) | {
        "dropout_weight": tuple(cell.name for cell in CELLS if cell.recurrent),
        "projection": tuple(cell.name for cell in CELLS if cell.projects),
        "zoneout_cell": tuple(cell.name for cell in CELLS if "c" in cell.state_names),
    }


@dataclass(frozen=True)
class StackConfig:
    """Size and connections of the recurrent layers."""

    layers: int = 1
    """Recurrent layers, each reading the one below."""

    hidden: int = 256
    """Units of each layer (of each direction)."""

    projection: int = 0
    """Size of the LSTM's projected output; 0 is none."""

    residual: bool = False
    """Add the input of each layer above the first to its output."""

    skip: int = 0
    """Connect h_(t-k) to step t as well, k ≥ 2; 0 is none."""

    def __post_init__(self) -> None:
        require_at_least(self, {"layers": 1, "hidden": 1, "projection": 0, "skip": 0})
        require_at_most(self, {"layers": 1000, "hidden": LARGEST_SIZE, "skip": LARGEST_SIZE})
        require(self.skip != 1, "skip=1 is the recurrence itself; give 0 or a distance from 2")
        require(
            self.projection < self.hidden,
            f"projection={self.projection} must be less than hidden={self.hidden}",
        )


@dataclass(frozen=True)
class TokenNetworkConfig(StackConfig):
    """Recurrent layers over tokens, and how tokens enter them."""

    input: Literal["auto", "embedding", "one-hot", "vectors"] = "auto"
    """How a token enters: a learned vector; one-hot, so that the first weight matrix is the table; or
    given word vectors. auto takes vectors where a file of them is given."""

    embedding: int = 128
    """Size of the learned vectors."""

    embedding_std: float = 1.0
    """Standard deviation of the learned vectors' normal start; for tokens that a file of vectors lacks, in
    units of the file's own."""

    vectors: str = ""
    """File of word vectors for input=vectors (GloVe or word2vec, text or .bin), or @word-vectors/glove-50d:
    the 9,163 most frequent words of GloVe 6B."""

    freeze_vectors: bool = False
    """Keep the given vectors as they are."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"embedding": 1, "embedding_std": 0})
        require_at_most(self, {"embedding": LARGEST_SIZE})
        require(
            bool(self.vectors) == (self.entry == "vectors"),
            f"vectors={self.vectors!r} and input={self.input!r}: input='vectors' needs a file, and a "
            "file needs input='vectors'",
        )
        require(
            not self.freeze_vectors or self.entry == "vectors",
            "freeze_vectors needs a file of word vectors: vectors",
        )

    @property
    def entry(self) -> Literal["embedding", "one-hot", "vectors"]:
        """How a token enters, chosen by the file of vectors where it is left open."""
        if self.input != "auto":
            return self.input
        return "vectors" if self.vectors else "embedding"


@dataclass(frozen=True)
class NetworkConfig(TokenNetworkConfig):
    """The network of a language model."""

    tie_weights: bool = False
    """Output matrix = embedding table; needs embedding = hidden (or projection)."""

    adaptive_softmax: tuple[int, ...] = ()
    """Groups of tokens from frequent to rare, by the first token of each but the first (2000 10000 makes
    three): rare ones cost less (Grave et al. 2017). Empty is one softmax over all."""

    init_range: float = 0.0
    """Start every weight and bias (not the gains of layer normalisation) uniformly within ± this; 0 keeps
    the usual starts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"init_range": 0})
        require(
            not (self.tie_weights and self.entry == "one-hot"),
            "tie_weights needs an embedding table; input='one-hot' has none",
        )
        require(
            not (self.tie_weights and self.adaptive_softmax),
            "adaptive_softmax has a matrix for each group of tokens: it does not go with tie_weights",
        )


@dataclass(frozen=True)
class EncoderConfig(TokenNetworkConfig):
    """A network that reads a whole sequence before anything is said about it."""

    embedding_std: float = 0.1
    """Standard deviation of the learned vectors' normal start: small, so that rare words, which hardly move
    from it, say little."""

    bidirectional: bool = True
    """Read each sequence backwards as well, with weights of its own, and join both (Schuster & Paliwal
    1997)."""


@dataclass(frozen=True)
class DropoutConfig:
    """Dropout, by what it is applied to; every rate in [0, 1)."""

    dropout: float = 0.0
    """Between recurrent layers."""

    dropout_input: float = 0.0
    """On the input vectors."""

    dropout_output: float = 0.0
    """On what the output layer reads."""

    locked: bool = False
    """Variational: the same units at all steps of a chunk, for the three above (Gal & Ghahramani 2016)."""

    dropout_weight: float = 0.0
    """On single hidden-to-hidden connections (Merity et al. 2018)."""

    dropout_candidate: float = 0.0
    """On the new content of each step (Semeniuta et al. 2016)."""

    zoneout: float = 0.0
    """Share of units of h that keep their old value (Krueger et al. 2017)."""

    zoneout_cell: float = 0.0
    """The same for the LSTM's c."""

    def __post_init__(self) -> None:
        self.recurrent()
        for name in ("dropout", "dropout_input", "dropout_output"):
            rate = getattr(self, name)
            require(0 <= rate < 1, f"{name}={rate}: a rate must lie in [0, 1)")

    def recurrent(self) -> RecurrentDrop:
        """Return the rates that the recurrent layers apply."""
        return RecurrentDrop(
            locked=self.dropout if self.locked else 0.0,
            weight=self.dropout_weight,
            zoneout=self.zoneout,
            zoneout_cell=self.zoneout_cell,
            candidate=self.dropout_candidate,
        )


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)
