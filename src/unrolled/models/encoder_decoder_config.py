"""The network of an encoder-decoder: two stacks of recurrent layers and what passes between them."""

from dataclasses import dataclass
from typing import Literal

from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most
from unrolled.models.config import RECURRENT, CellConfig, DropoutConfig, StackConfig


@dataclass(frozen=True)
class EncoderDecoderConfig(StackConfig):
    """Encoder and decoder; layers, projection, residual and skip are those of both."""

    hidden: int = 256
    """Units of each layer of the decoder."""

    encoder_hidden: int = 0
    """Units of each layer and direction of the encoder; 0 is as many as the decoder's, halved where there
    are two directions, so that both see vectors of one size."""

    bidirectional: bool = True
    """The encoder reads each source backwards as well (Schuster & Paliwal 1997)."""

    embedding: int = 128
    """Size of the learned vectors of tokens, on both sides."""

    embedding_std: float = 0.1
    """Standard deviation of the learned vectors' normal start: small, so that rare tokens, which hardly move
    from it, say little."""

    attention: Literal["none", "fixed", "dot", "general", "additive"] = "dot"
    """What the decoder sees of the source. none: its own first state alone (Sutskever et al. 2014). fixed:
    and one vector at every step (Cho et al. 2014). dot, general: a weighted mean for each step, chosen by
    its state after it (Luong et al. 2015). additive: chosen by the state before it (Bahdanau et al. 2015)."""

    input_feeding: bool = False
    """Each step also reads what the last one was answered with (Luong et al. 2015, 3.3); steps then run
    one by one, and so they do with additive attention."""

    readout: int = 0
    """Size of the vector that the output layer reads; 0 is hidden, or embedding with tie_weights."""

    tie_weights: bool = False
    """Output matrix = table of target vectors (Press & Wolf 2017)."""

    share_embeddings: bool = False
    """Table of source vectors = table of target vectors; needs one vocabulary (joint)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"embedding": 1, "embedding_std": 0, "encoder_hidden": 0, "readout": 0})
        require_at_most(self, dict.fromkeys(("embedding", "encoder_hidden", "readout"), LARGEST_SIZE))
        require(
            not self.tie_weights or self.readout in (0, self.embedding),
            f"readout={self.readout}: with tie_weights it is embedding ({self.embedding}); leave it out",
        )
        require(
            not self.projection or self.projection < self.encoder_size,
            f"projection={self.projection} must be less than encoder_hidden={self.encoder_size}",
        )

    @property
    def encoder_size(self) -> int:
        """Units of each layer and direction of the encoder."""
        return self.encoder_hidden or max(1, self.hidden // (2 if self.bidirectional else 1))

    @property
    def readout_size(self) -> int:
        """Size of the vector that the output layer reads."""
        return self.readout or (self.embedding if self.tie_weights else self.hidden)

    @property
    def stepwise(self) -> bool:
        """Whether a step of the decoder needs more of the one before than its recurrent state."""
        return self.input_feeding or self.attention == "additive"

    @staticmethod
    def check_cell(cell: CellConfig) -> None:
        """Raise ConfigError for a network without a state that stands for all that was read."""
        require(
            not cell.windowed,
            f"cell={cell.name!r}: the decoder begins with what the encoder remembers of the whole source, "
            f"and a network of windows forgets; take {', '.join(RECURRENT)}",
        )

    def check_dropout(self, dropout: DropoutConfig) -> None:
        """Raise ConfigError for masks that must last over all steps where steps run one by one."""
        lasting = dropout.dropout_weight or (dropout.locked and dropout.dropout)
        require(
            not (self.stepwise and lasting),
            "dropout_weight, and dropout with locked, keep one mask over all steps: that does not go with "
            "input_feeding or attention='additive', whose steps run one by one; take attention='dot'",
        )
