"""Sampling the next token from its distribution."""

import torch
from torch import Tensor

from unrolled.decoding.config import SamplingConfig
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.decoding.random_numbers import RandomNumbers


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
        raise non_finite_error()


def draw(logits: Tensor, config: SamplingConfig, generator: torch.Generator) -> Tensor:
    """Sample one token (B,) for each row of logits (B, V)."""
    return torch.multinomial(distribution(logits, config), 1, generator=generator).squeeze(-1)


def choose(logits: Tensor, config: SamplingConfig, numbers: RandomNumbers) -> int:
    """Sample one token from logits (V,); the native runtime chooses the same one for the same numbers."""
    p = distribution(logits, config).cpu()
    is_ordered = bool(config.top_k and config.top_k < len(p)) or config.top_p < 1
    order = p.argsort(descending=True, stable=True) if is_ordered else torch.arange(len(p))
    sums = p[order].double().cumsum(0)
    target = sums.new_tensor(numbers.uniform()) * sums[-1]
    index = int(torch.searchsorted(sums, target, right=True))
    return int(order[min(index, int((p[order] > 0).nonzero()[-1]))])
