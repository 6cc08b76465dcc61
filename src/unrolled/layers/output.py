"""The output layer of a model over a vocabulary, with its loss."""

import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.backends import Precision, resolve_precision
from unrolled.errors import ShapeError
from unrolled.layers.softmax_loss import linear_cross_entropy


class SoftmaxOutput(nn.Module):
    """Output layer y_t = V h_t + c with a softmax over the vocabulary and the cross-entropy in nats.

    Args:
        features: size of h.
        vocabulary: number of tokens.
        tied: use the embedding matrix as V (Press & Wolf 2017); it is then passed to every call.
    """

    def __init__(self, features: int, vocabulary: int, *, tied: bool = False) -> None:
        super().__init__()
        self.features, self.vocabulary, self.tied = features, vocabulary, tied
        linear = nn.Linear(features, vocabulary)
        self.weight = None if tied else linear.weight
        self.bias = linear.bias

    def forward(self, h: Tensor, table: Tensor | None = None) -> Tensor:
        """Return the logits (…, vocabulary) of h (…, features); ``table`` is the tied matrix."""
        return F.linear(h, self._matrix(table), self.bias)

    def loss(
        self,
        h: Tensor,
        targets: Tensor,
        table: Tensor | None = None,
        *,
        row_weights: Tensor | None = None,
        ignore: int = -100,
        label_smoothing: float = 0.0,
        precision: Precision = "full",
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted sum of the losses, and −ln p of each target, without storing the logits.

        Args:
            h: hidden states, (…, features).
            targets: token ids, (…), int64.
            table: the tied matrix.
            row_weights: weight of each target in the sum, of a shape that expands to (…); None means 1.
            ignore: target value to leave out of the loss.
            label_smoothing: ε of :func:`linear_cross_entropy`.
            precision: precision of the products; see :class:`Recurrent`.

        Raises:
            ShapeError: if a size does not fit, or a target is not in the vocabulary.
        """
        matrix = self._matrix(table)
        rows, flat_targets, weights = flat_rows(h.to(matrix.dtype), targets, row_weights)
        loss, nats = linear_cross_entropy(
            rows,
            matrix,
            self.bias,
            flat_targets,
            weights,
            ignore=ignore,
            label_smoothing=label_smoothing,
            precision=resolve_precision(precision, matrix.dtype),
        )
        return loss, nats.view(targets.shape)

    def _matrix(self, table: Tensor | None) -> Tensor:
        weight = table if self.weight is None else self.weight
        if weight is None:
            raise ShapeError("a tied output layer needs the embedding table at every call")
        return weight


def flat_rows(h: Tensor, targets: Tensor, row_weights: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Flatten to h (N, features), targets (N,) and weights (N,) in h's dtype.

    Raises:
        ShapeError: if targets and h differ in shape.
    """
    if h.shape[:-1] != targets.shape:
        raise ShapeError(
            f"targets must have shape {tuple(h.shape[:-1])}, as h without its last axis, got "
            f"{tuple(targets.shape)}"
        )
    weights = None if row_weights is None else row_weights.to(h.dtype).expand(targets.shape).reshape(-1)
    return h.flatten(0, -2), targets.reshape(-1), weights


def token_losses(logits: Tensor, targets: Tensor, ignore: int) -> Tensor:
    """Return −ln p of each target in the shape of targets; zero where the target is ``ignore``."""
    flat = F.cross_entropy(logits.flatten(0, -2), targets.reshape(-1), reduction="none", ignore_index=ignore)
    return flat.view(targets.shape)
