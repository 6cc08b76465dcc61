"""Choosing the next token from its distribution."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.config import require
from unrolled.errors import NonFiniteError


@dataclass(frozen=True)
class SamplingConfig:
    """How the next token is drawn."""

    temperature: float = 1.0
    """Divides the logits: below 1 is bolder, 0 always takes the most probable token."""

    top_k: int = 0
    """Draw among the k most probable tokens; 0 is all."""

    top_p: float = 1.0
    """Draw among the most probable tokens that together reach this probability (Holtzman et al. 2020)."""

    def __post_init__(self) -> None:
        require(
            0 <= self.temperature < math.inf,
            f"temperature={self.temperature}: must be a number from 0",
        )
        require(self.top_k >= 0, f"top_k={self.top_k}: must not be negative")
        require(0 < self.top_p <= 1, f"top_p={self.top_p}: must lie in (0, 1]")


def distribution(logits: Tensor, config: SamplingConfig) -> Tensor:
    """Return the probabilities (…, V) from which a token is drawn, for logits (…, V).

    Raises:
        NonFiniteError: if the model gives none, since its weights are damaged or far too large.
    """
    if config.temperature == 0:
        best = torch.zeros_like(logits)
        return best.scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    # Differences to the largest logit: a tiny temperature then gives −∞, never ∞ − ∞.
    wide = logits.double()
    p = ((wide - wide.amax(-1, keepdim=True)) / config.temperature).softmax(-1)
    if config.top_k or config.top_p < 1:
        ordered, order = p.sort(dim=-1, descending=True, stable=True)
        if config.top_k:
            ordered[..., config.top_k :] = 0.0
        before = ordered.cumsum(-1) - ordered
        ordered = ordered.masked_fill(before >= config.top_p * ordered.sum(-1, keepdim=True), 0.0)
        p = torch.zeros_like(p).scatter_(-1, order, ordered)
    require_finite(p)
    return p / p.sum(-1, keepdim=True)


def require_finite(p: Tensor) -> None:
    """Raise NonFiniteError if probabilities are not numbers."""
    if not p.isfinite().all():
        raise NonFiniteError(
            "the model gives no finite probabilities: its weights are damaged, or its training diverged; "
            "restore them from a copy, or train again with a smaller lr"
        )


def draw(logits: Tensor, config: SamplingConfig, generator: torch.Generator) -> Tensor:
    """Return one token (B,) for each row of logits (B, V)."""
    return torch.multinomial(distribution(logits, config), 1, generator=generator).squeeze(-1)
