"""Sampling the next token from its distribution."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.config import require
from unrolled.errors import NonFiniteError


@dataclass(frozen=True)
class SamplingConfig:
    """Options for sampling the next token."""

    temperature: float = 1.0
    """Divisor of the logits: below 1 favours probable tokens, 0 always takes the most probable token."""

    top_k: int = 0
    """Sample from the k most probable tokens; 0 means all tokens."""

    top_p: float = 1.0
    """Sample from the most probable tokens that together reach this probability (Holtzman et al. 2020)."""

    def __post_init__(self) -> None:
        require(
            0 <= self.temperature < math.inf,
            f"temperature={self.temperature}: must be a finite number, at least 0",
        )
        require(self.top_k >= 0, f"top_k={self.top_k}: must not be negative")
        require(0 < self.top_p <= 1, f"top_p={self.top_p}: must be in (0, 1]")


def distribution(logits: Tensor, config: SamplingConfig) -> Tensor:
    """Return the probabilities (…, V) for sampling a token, from logits (…, V).

    Raises:
        NonFiniteError: if a probability is not finite, because the weights are damaged or far too large.
    """
    if config.temperature == 0:
        best = torch.zeros_like(logits)
        return best.scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    # Subtract the largest logit first: a tiny temperature then gives −∞, never ∞ − ∞.
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
    """Raise NonFiniteError if a probability is not finite."""
    if not p.isfinite().all():
        raise NonFiniteError(
            "the model gives no finite probabilities: its weights are damaged, or its training diverged; "
            "restore them from a copy, or train again with a smaller lr"
        )


def draw(logits: Tensor, config: SamplingConfig, generator: torch.Generator) -> Tensor:
    """Sample one token (B,) for each row of logits (B, V)."""
    return torch.multinomial(distribution(logits, config), 1, generator=generator).squeeze(-1)
