"""Configuration of a model's network: cell, size, input of tokens, and dropout."""

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from unrolled.cells import CELLS, Cell
from unrolled.cells.base import RecurrentInit
from unrolled.cells.nonlinearities import Nonlinearity
from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most
from unrolled.errors import ConfigError
from unrolled.layers.recurrent_drop import RecurrentDrop

RECURRENT_CELLS = tuple(cell.name for cell in CELLS)
WINDOW_CELLS = ("feed-forward", "tdnn")
AUTO_CELLS = ("lstm", "gru", "elman")
"""Candidates for cell='auto'; the first one that supports all given options is chosen."""
LOOP_OPTIONS = ("skip", "dropout_weight", "dropout_candidate", "zoneout", "zoneout_cell")
"""Options of the recurrent loop. Window networks have no such loop."""
if TYPE_CHECKING:
    CellName = str
else:
    CellName = Literal[("auto", *RECURRENT_CELLS, *WINDOW_CELLS)]


@dataclass(frozen=True)
class CellConfig:
    """The recurrent cell, or the window network that replaces it, with its options."""

    cell: CellName = "auto"
    """Recurrent cell, or a network that reads a window of steps and has no recurrent state. auto: the
    first of lstm, gru and elman that has all given options. feed-forward: the first layer reads a window of
    inputs (Bengio et al. 2003). tdnn: every layer reads a window of the layer below (time-delay network,
    Waibel et al. 1989). --model is another name of this option."""

    context: int = 5
    """Steps that a layer reads, including the current one; feed-forward (its first layer) and tdnn only."""

    nonlinearity: Nonlinearity = "tanh"
    """Nonlinearity σ of the hidden layer; not for lstm, gru and minlstm."""

    reset: Literal["after", "before"] = "after"
    """Apply the reset gate after or before the recurrent product; gru only."""

    peepholes: bool = False
    """Connect the cell state to the gates; lstm only."""

    forget_bias: float | None = None
    """Initial bias of the forget gate, usually 1; lstm only. None initialises as torch does."""

    chrono: int = 0
    """Longest dependency to expect, in steps: initialises the gate biases for a memory of this length (Tallec
    & Ollivier 2018); lstm and gru only. 0 initialises as torch does."""

    layer_norm: bool = False
    """Layer normalisation inside the cell (Ba et al. 2016)."""

    recurrent_init: RecurrentInit = "uniform"
    """Initialisation of the hidden-to-hidden weights."""

    def __post_init__(self) -> None:
        for name, cells in self._non_default_options().items():
            value = getattr(self, name)
            require(
                self.name in cells,
                f"{name}={value!r} is an option of {_join_names(cells)}"
                + (
                    f", not of cell={self.cell!r}"
                    if self.cell != "auto"
                    else f"; none of {_join_names(AUTO_CELLS)} has all given options: "
                    "choose the cell with cell="
                ),
            )
        require_at_least(self, {"context": 1})
        require_at_most(self, {"context": LARGEST_SIZE})
        if not self.is_windowed:
            self.build()

    @property
    def name(self) -> str:
        """Name of the cell. auto becomes the first candidate that has every option with a non-default value.

        If no candidate has them all, it becomes lstm.
        """
        if self.cell != "auto":
            return self.cell
        cells_of_options = self._non_default_options().values()
        return next((n for n in AUTO_CELLS if all(n in cells for cells in cells_of_options)), AUTO_CELLS[0])

    def _non_default_options(self) -> dict[str, tuple[str, ...]]:
        """Return the options that differ from their defaults, each with the cells that have it."""
        defaults = {f.name: f.default for f in fields(self)}
        return {
            name: cells for name, cells in cells_by_option().items() if getattr(self, name) != defaults[name]
        }

    @property
    def is_windowed(self) -> bool:
        """True for a window network, False for a recurrent cell."""
        return self.name in WINDOW_CELLS

    def window_sizes(self, layers: int) -> tuple[int, ...]:
        """Return the window size of each layer of a window network, in steps."""
        upper = self.context if self.name == "tdnn" else 1
        return (self.context, *(upper,) * (layers - 1))

    def build(self) -> Cell:
        """Return the cell.

        Raises:
            ConfigError: for a window network, which has no cell.
        """
        cell_type = next((cell for cell in CELLS if cell.name == self.name), None)
        if cell_type is None:
            raise ConfigError(f"cell={self.name!r} is not a recurrent cell")
        options: dict[str, Any] = {n: getattr(self, n) for n in cell_type.option_names() if hasattr(self, n)}
        return cell_type(**options)


@cache
def cells_by_option() -> dict[str, tuple[str, ...]]:
    """Map each option of :class:`CellConfig` to the cells that have it."""
    window_options = ("context", "nonlinearity")
    names = [f.name for f in fields(CellConfig) if f.name != "cell"]
    return {
        name: (
            *(cell.name for cell in CELLS if name in cell.option_names()),
            *(WINDOW_CELLS if name in window_options else ()),
        )
        for name in names
    }


@cache
def cells_by_network_option() -> dict[str, tuple[str, ...]]:
    """Return the options of the loop or the stack that only some cells have, each with these cells."""
    return dict.fromkeys(LOOP_OPTIONS, RECURRENT_CELLS) | {
        "dropout_weight": tuple(cell.name for cell in CELLS if cell.recurrent),
        "projection": tuple(cell.name for cell in CELLS if cell.projects),
        "zoneout_cell": tuple(cell.name for cell in CELLS if "c" in cell.state_names),
    }


@dataclass(frozen=True)
class StackConfig:
    """Size and connections of the recurrent layers."""

    layers: int = 1
    """Number of recurrent layers; each one reads the output of the layer below."""

    hidden: int = 256
    """Units of each layer and direction."""

    projection: int = 0
    """Size of the LSTM's projected output; 0 means no projection."""

    residual: bool = False
    """Add the input of each layer above the first to its output."""

    skip: int = 0
    """Distance k ≥ 2 of skip connections through time, from h_(t-k) to step t; 0 means none."""

    def __post_init__(self) -> None:
        require_at_least(self, {"layers": 1, "hidden": 1, "projection": 0, "skip": 0})
        require_at_most(self, {"layers": 1000, "hidden": LARGEST_SIZE, "skip": LARGEST_SIZE})
        require(self.skip != 1, "skip=1 is the recurrence itself; give 0 or a distance of at least 2")
        require(
            self.projection < self.hidden,
            f"projection={self.projection} must be less than hidden={self.hidden}",
        )


@dataclass(frozen=True)
class TokenNetworkConfig(StackConfig):
    """Recurrent layers over tokens, and the input layer for tokens."""

    input: Literal["auto", "embedding", "one-hot", "vectors"] = "auto"
    """Input vectors of tokens. embedding: learned. one-hot: no embedding table; the first weight matrix takes
    its place. vectors: word vectors from a file. auto: vectors if a file is given, else embedding."""

    embedding: int = 128
    """Size of the learned embeddings."""

    embedding_std: float = 1.0
    """Standard deviation of the initial embeddings (normal distribution). With input=vectors: standard
    deviation for tokens that are not in the file, as a multiple of that of the vectors in the file."""

    vectors: str = ""
    """File of word vectors for input=vectors (GloVe or word2vec, text or .bin), or @word-vectors/glove-50d:
    the 9,163 most frequent words of GloVe 6B."""

    freeze_vectors: bool = False
    """Do not train the word vectors from the file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"embedding": 1, "embedding_std": 0})
        require_at_most(self, {"embedding": LARGEST_SIZE})
        require(
            bool(self.vectors) == (self.entry == "vectors"),
            f"vectors={self.vectors!r} and input={self.input!r}: give both input='vectors' and "
            "vectors=FILE, or neither",
        )
        require(
            not self.freeze_vectors or self.entry == "vectors",
            "freeze_vectors needs word vectors: set vectors=FILE",
        )

    @property
    def entry(self) -> Literal["embedding", "one-hot", "vectors"]:
        """Kind of input: ``input``, with auto replaced by vectors or embedding."""
        if self.input != "auto":
            return self.input
        return "vectors" if self.vectors else "embedding"


@dataclass(frozen=True)
class NetworkConfig(TokenNetworkConfig):
    """The network of a language model."""

    tie_weights: bool = False
    """Use the embedding table as the output matrix; needs embedding = hidden (or projection)."""

    adaptive_softmax: tuple[int, ...] = ()
    """Adaptive softmax, in which rare tokens cost less (Grave et al. 2017): boundaries between groups of
    tokens, sorted from frequent to rare. 2000 10000 makes three groups: 0 to 1999, 2000 to 9999, the rest.
    Empty: one softmax over all tokens."""

    init_range: float = 0.0
    """Initialise every weight and bias (not the gains of layer normalisation) uniformly within ± this value;
    0 keeps the default initialisation."""

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
    """The network of an encoder, which reads the whole sequence before the model predicts."""

    embedding_std: float = 0.1
    """Standard deviation of the initial embeddings (normal distribution). It is small, so that rare words,
    whose embeddings are hardly trained, have little influence."""

    bidirectional: bool = True
    """Also read each sequence backwards with separate weights, and concatenate the outputs (Schuster &
    Paliwal 1997). --no-bidirectional reads forwards only."""


@dataclass(frozen=True)
class DropoutConfig:
    """Dropout rates, each in [0, 1)."""

    dropout: float = 0.0
    """Dropout rate between recurrent layers."""

    dropout_input: float = 0.0
    """Dropout rate on the input vectors."""

    dropout_output: float = 0.0
    """Dropout rate on the input of the output layer."""

    locked: bool = False
    """Variational dropout: drop the same units at all steps of a chunk, for dropout, dropout_input and
    dropout_output (Gal & Ghahramani 2016)."""

    dropout_weight: float = 0.0
    """Dropout rate on single hidden-to-hidden weights (Merity et al. 2018)."""

    dropout_candidate: float = 0.0
    """Dropout rate on the candidate of each step: recurrent dropout (Semeniuta et al. 2016)."""

    zoneout: float = 0.0
    """Fraction of units of h that keep their old value (Krueger et al. 2017)."""

    zoneout_cell: float = 0.0
    """Fraction of units of the LSTM's c that keep their old value."""

    def __post_init__(self) -> None:
        self.for_recurrent_layers()
        for name in ("dropout", "dropout_input", "dropout_output"):
            rate = getattr(self, name)
            require(0 <= rate < 1, f"{name}={rate}: a rate must lie in [0, 1)")

    def for_recurrent_layers(self) -> RecurrentDrop:
        """Return the rates for the recurrent layers."""
        return RecurrentDrop(
            locked=self.dropout if self.locked else 0.0,
            weight=self.dropout_weight,
            zoneout=self.zoneout,
            zoneout_cell=self.zoneout_cell,
            candidate=self.dropout_candidate,
        )


def _join_names(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)
