"""Chrono initialisation: gate biases for an expected range of dependencies."""

from typing import TYPE_CHECKING

from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


def check_chrono(cell: str, max_steps: int, *, bias: bool = True) -> None:
    """Raise ConfigError if the number of steps is not valid, or if there is no bias to initialise."""
    if max_steps < 0 or max_steps == 1:
        raise ConfigError(
            f"{cell}: chrono={max_steps} must be at least 2 steps, or 0 for the default initialisation"
        )
    if max_steps and not bias:
        raise ConfigError(f"{cell}: chrono needs bias=True")


def chrono_bias(units: int, max_steps: int, like: "Tensor") -> "Tensor":
    """Return log u for each unit, with u uniform in [1, max_steps − 1].

    A gate with this bias starts at sigmoid(log u) = u / (1 + u): e⁻¹ of a state remains after about 1 + u
    steps.
    Source: Tallec & Ollivier (2018), Can recurrent neural networks warp time? (chrono initialisation).
    """
    import torch

    return torch.empty(units, dtype=like.dtype, device=like.device).uniform_(1.0, max_steps - 1.0).log_()
