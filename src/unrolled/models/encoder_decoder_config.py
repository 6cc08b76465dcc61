"""Configuration of an encoder-decoder: two stacks of recurrent layers and their connection."""

from dataclasses import dataclass
from typing import Literal

from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most
from unrolled.models.config import (
    RECURRENT_CELLS,
    CellConfig,
    DropoutConfig,
    StackConfig,
    TokenNetworkConfig,
)


@dataclass(frozen=True)
class EncoderDecoderConfig(StackConfig):
    """Sizes and connections of encoder and decoder; layers, projection, residual and skip apply to both."""

    hidden: int = 256
    """Units of each layer of the decoder."""

    encoder_hidden: int = 0
    """Units of each layer and direction of the encoder; 0 means as many as in the decoder, halved if the
    encoder is bidirectional, so that the outputs of both have the same size."""

    bidirectional: bool = True
    """Also read each source backwards in the encoder (Schuster & Paliwal 1997). --no-bidirectional reads it
    forwards only."""

    embedding: int = 128
    """Size of the embeddings of source and target tokens."""

    embedding_std: float = 0.1
    """Standard deviation of the initial embeddings (normal distribution). It is small, so that rare tokens,
    whose embeddings are hardly trained, have little influence."""

    attention: Literal["none", "fixed", "dot", "general", "additive"] = "dot"
    """How the decoder reads the source. none: only through its initial state (Sutskever et al. 2014). fixed:
    also through one constant vector at every step (Cho et al. 2014). dot, general: also through a weighted
    mean of the encoder's outputs, with the decoder's state after the step as query (Luong et al. 2015).
    additive: the same with the state before the step as query (Bahdanau et al. 2015)."""

    input_feeding: bool = False
    """Feed the readout of each step into the next step (Luong et al. 2015, 3.3). Steps then run one by one,
    as they do with additive attention."""

    readout: int = 0
    """Size of the readout, the input of the output layer; 0 means hidden, or embedding with tie_weights."""

    tie_weights: bool = False
    """Use the embedding table of the target as the output matrix (Press & Wolf 2017)."""

    share_embeddings: bool = False
    """Use one embedding table for source and target; needs one vocabulary for both (joint)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"embedding": 1, "embedding_std": 0, "encoder_hidden": 0, "readout": 0})
        require_at_most(self, dict.fromkeys(("embedding", "encoder_hidden", "readout"), LARGEST_SIZE))
        require(
            not self.tie_weights or self.readout in (0, self.embedding),
            f"readout={self.readout}: with tie_weights it must be embedding ({self.embedding}); leave it out",
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
        """Size of the input of the output layer."""
        return self.readout or (self.embedding if self.tie_weights else self.hidden)

    @property
    def encoder(self) -> TokenNetworkConfig:
        """Sizes and connections of the encoder."""
        return TokenNetworkConfig(
            layers=self.layers,
            hidden=self.encoder_size,
            projection=self.projection,
            residual=self.residual,
            skip=self.skip,
            embedding=self.embedding,
            embedding_std=self.embedding_std,
        )

    @property
    def stepwise(self) -> bool:
        """True if a decoder step needs more of the previous step than its recurrent state."""
        return self.input_feeding or self.attention == "additive"

    @staticmethod
    def check_cell(cell: CellConfig) -> None:
        """Raise ConfigError for a window network, whose state does not cover the whole source."""
        require(
            not cell.is_windowed,
            f"cell={cell.name!r}: the decoder begins with the encoder's state after the whole source, but a "
            f"window network only remembers the last steps; use {', '.join(RECURRENT_CELLS)}",
        )

    def check_dropout(self, dropout: DropoutConfig) -> None:
        """Raise ConfigError for dropout with one mask for all steps if the steps run one by one."""
        has_constant_masks = dropout.dropout_weight or (dropout.locked and dropout.dropout)
        require(
            not (self.stepwise and has_constant_masks),
            "dropout_weight, and dropout with locked, keep one mask over all steps: that does not go with "
            "input_feeding or attention='additive', whose steps run one by one; use attention='dot'",
        )
