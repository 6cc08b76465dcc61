"""The recurrent classifier, which predicts one label for each sequence."""

from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.layers import Stack
from unrolled.layers.pooling import PoolingKind, make_pooling
from unrolled.models.series_encoder import SeriesEncoder
from unrolled.models.token_encoder import TokenEncoder


class RecurrentClassifier(nn.Module):
    """Encoder, pooling over the steps, dropout, and a linear layer y = V p + c over the classes.

    Args:
        reader: encoder of tokens or vectors.
        classes: number of labels.
        pooling: how the outputs of all steps are reduced to one vector.
        dropout: dropout rate on that vector.
    """

    def __init__(
        self, reader: TokenEncoder | SeriesEncoder, classes: int, pooling: PoolingKind, dropout: float
    ) -> None:
        super().__init__()
        self.reader = reader
        self.pooling = make_pooling(pooling, reader.features, reader.recurrent.num_directions)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(reader.features, classes)

    @property
    def precision(self) -> Precision:
        """Precision of the products in the recurrent layers; see :class:`Recurrent`."""
        return self.reader.precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        self.reader.precision = value

    def forward(self, sequences: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B, classes).

        Args:
            sequences: tokens (T, B) or vectors (T, B, I).
            lengths: number of steps of each row, (B,), each at least 1.
        """
        h, _ = self.reader.read(sequences, lengths=lengths)
        return self.output(self.dropout(self.pooling(h, lengths)))

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        features, classes = self.output.in_features, self.output.out_features
        return [
            f"output   y = softmax(V p + c)   {features} → {classes}",
            f"pooling  p = {type(self.pooling).__name__.lower()} over t of h_t   {features}",
            self.reader.recurrent,
            self.reader.input_summary,
        ]
