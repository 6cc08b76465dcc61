"""Linear layer, softmax and cross-entropy from torch's own operations, for derivatives of every order."""

from torch import Tensor
from torch.nn import functional as F


def linear_cross_entropy_reference(
    h: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    row_weights: Tensor | None,
    ignore: int,
    label_smoothing: float,
) -> tuple[Tensor, Tensor]:
    """Compute :func:`unrolled.layers.softmax_loss.linear_cross_entropy` with all logits in memory."""
    ignored = targets == ignore  # the rows of h may then hold anything, even NaN
    h = h.masked_fill(ignored[:, None], 0.0)
    if row_weights is not None:
        row_weights = row_weights.masked_fill(ignored, 0.0)
    logits = F.linear(h, weight, bias)
    nats = F.cross_entropy(logits, targets, reduction="none", ignore_index=ignore)
    losses = nats
    if label_smoothing:
        losses = F.cross_entropy(
            logits, targets, reduction="none", ignore_index=ignore, label_smoothing=label_smoothing
        )
    return (losses if row_weights is None else losses * row_weights).sum(), nats.detach()
