"""Pooling: reduce the outputs of all steps to one vector per sequence."""

from typing import Literal

import torch
from torch import Tensor, nn

PoolingKind = Literal["last", "mean", "max", "attention"]


class Last(nn.Module):
    """Output of the step at which each direction has read the whole row.

    Args:
        directions: 2 if the features are the concatenated outputs of two directions.
    """

    def __init__(self, directions: int = 1) -> None:
        super().__init__()
        self.directions = directions

    def forward(self, h: Tensor, lengths: Tensor) -> Tensor:
        """Return (B, F) of h (T, B, F) and lengths (B,), each at least 1."""
        rows = torch.arange(h.shape[1], device=h.device)
        last = h[lengths.to(h.device) - 1, rows]
        if self.directions == 1:
            return last
        half = h.shape[-1] // 2
        return torch.cat([last[:, :half], h[0, :, half:]], -1)


class Mean(nn.Module):
    """Mean over the steps of each row."""

    def forward(self, h: Tensor, lengths: Tensor) -> Tensor:
        """Return (B, F) of h (T, B, F), zero past the lengths (B,)."""
        return h.sum(0) / lengths.to(h)[:, None]


class Max(nn.Module):
    """Maximum of each feature over the steps of each row."""

    def forward(self, h: Tensor, lengths: Tensor) -> Tensor:
        """Return (B, F) of h (T, B, F) and lengths (B,), each at least 1."""
        return h.masked_fill(padding_mask(h, lengths)[..., None], -torch.inf).amax(0)


class Attention(nn.Module):
    """Mean over steps, weighted by α = softmax_t(vᵀ tanh(W h_t + b)) (Yang et al. 2016, eq. 5–7).

    Args:
        features: F, size of h.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(features, features)
        self.context = nn.Linear(features, 1, bias=False)

    def weights(self, h: Tensor, lengths: Tensor) -> Tensor:
        """Return α (T, B) of h (T, B, F); zero past the lengths (B,), each at least 1."""
        scores = self.context(torch.tanh(self.hidden(h))).squeeze(-1)
        return scores.masked_fill(padding_mask(h, lengths), -torch.inf).softmax(0)

    def forward(self, h: Tensor, lengths: Tensor) -> Tensor:
        """Return (B, F) of h (T, B, F) and lengths (B,)."""
        return torch.einsum("tb,tbf->bf", self.weights(h, lengths), h)


def padding_mask(h: Tensor, lengths: Tensor) -> Tensor:
    """Return a mask (T, B), true at the steps after the end of a row."""
    steps = torch.arange(h.shape[0], device=h.device)
    return steps[:, None] >= lengths.to(h.device)


def make_pooling(kind: PoolingKind, features: int, directions: int) -> Last | Mean | Max | Attention:
    """Return the pooling module with this name."""
    match kind:
        case "last":
            return Last(directions)
        case "mean":
            return Mean()
        case "max":
            return Max()
        case "attention":
            return Attention(features)
