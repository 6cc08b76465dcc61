"""Biases of gates that begin with a memory of a known reach."""

import torch
from torch import Tensor

from unrolled.errors import ConfigError


def check_chrono(cell: str, longest: int, *, bias: bool = True) -> None:
    """Raise ConfigError for a reach that cannot be, or where there are no biases to carry it."""
    if longest < 0 or longest == 1:
        raise ConfigError(f"{cell}: chrono={longest} must be at least 2 steps, or 0 for the usual start")
    if longest and not bias:
        raise ConfigError(f"{cell}: chrono needs bias=True")


def chrono_bias(units: int, longest: int, like: Tensor) -> Tensor:
    """Return log u, u uniform in [1, longest − 1], one for each unit.

    A gate that starts at sigmoid(log u) = u / (1 + u) keeps e⁻¹ of a state after about 1 + u steps.
    Source: Tallec & Ollivier (2018), Can recurrent neural networks warp time? (chrono initialisation).
    """
    return torch.empty(units, dtype=like.dtype, device=like.device).uniform_(1.0, longest - 1.0).log_()
