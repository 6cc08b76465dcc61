"""The output layer of a model over a vocabulary, with its loss."""

import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.errors import ShapeError


class SoftmaxOutput(nn.Module):
    """y_t = V h_t + c, softmax over the vocabulary, cross-entropy in nats.

    Args:
        features: size of h.
        vocabulary: number of tokens.
        tied: whether V is the embedding matrix (Press & Wolf 2017), handed to every call.
    """

    def __init__(self, features: int, vocabulary: int, *, tied: bool = False) -> None:
        super().__init__()
        self.features, self.vocabulary, self.tied = features, vocabulary, tied
        linear = nn.Linear(features, vocabulary)
        self.weight = None if tied else linear.weight
        self.bias = linear.bias

    def forward(self, h: Tensor, table: Tensor | None = None) -> Tensor:
        """Return logits (…, vocabulary) of h (…, features); ``table`` is the tied matrix."""
        weight = table if self.weight is None else self.weight
        if weight is None:
            raise ShapeError("a tied output layer needs the embedding table at every call")
        return F.linear(h, weight, self.bias)


def token_losses(logits: Tensor, targets: Tensor, ignore: int) -> Tensor:
    """Return −ln p of each target, shaped like targets; zero where the target is ``ignore``."""
    flat = F.cross_entropy(logits.flatten(0, -2), targets.reshape(-1), reduction="none", ignore_index=ignore)
    return flat.view(targets.shape)
