"""Noise on tokens, for training."""

import torch
from torch import Tensor


def drop_tokens(tokens: Tensor, rate: float, unknown: int, *, keep: int) -> Tensor:
    """Return tokens with a share of them read as ``unknown``; ``keep`` is never dropped (Dai & Le 2015)."""
    dropped = (torch.rand(tokens.shape, device=tokens.device) < rate) & (tokens != keep)
    return tokens.masked_fill(dropped, unknown)
