"""The encoder of series: standardisation of the vectors and recurrent layers."""

import torch
from torch import Tensor

from unrolled.cells import State
from unrolled.models.body import RecurrentBody
from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.token_encoder import make_dropout, make_stack


class SeriesEncoder(RecurrentBody):
    """Encoder of series: standardised features and recurrent layers, with dropout before and after.

    Args:
        features: I, size of the vectors.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
        bidirectional: run a second network backwards over each row.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        features: int,
        cell: CellConfig,
        network: StackConfig,
        dropout: DropoutConfig,
        *,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        self.recurrent = make_stack(features, cell, network, dropout, bidirectional=bidirectional)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)

    def standardise(self, mean: Tensor, deviation: Tensor) -> None:
        """Set mean and standard deviation of each feature, (I,); a deviation of 0 is replaced by 1."""
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    @property
    def input_summary(self) -> str:
        """Description of the input layer for the summary of a model."""
        return f"input    x_t = (v_t − mean) / deviation   {self.recurrent.input_size}"

    def read(
        self, values: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return h (T, B, :attr:`features`) of values (T, B, I), zero past the lengths, and the state."""
        x = (values - self.mean) / self.scale
        h, final = self.recurrent(self.input_dropout(x), state, lengths=lengths)
        return self.output_dropout(h), final if isinstance(final, tuple) else (final,)
