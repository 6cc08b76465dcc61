"""Token dropout for training."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def drop_tokens(tokens: "Tensor", rate: float, unknown: int, *, keep: int) -> "Tensor":
    """Replace tokens by ``unknown`` with probability ``rate``, except the token ``keep`` (Dai & Le 2015)."""
    import torch

    dropped = (torch.rand(tokens.shape, device=tokens.device) < rate) & (tokens != keep)
    return tokens.masked_fill(dropped, unknown)
