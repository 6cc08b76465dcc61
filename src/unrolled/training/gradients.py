"""What happens to gradients between the backward pass and the update."""

import torch
from torch import Tensor, nn

from unrolled.training.config import OptimizerConfig


def rows_suffice(config: OptimizerConfig) -> bool:
    """Whether an update may leave the rows of an embedding table alone that the batch did not read.

    This is the one place that decides it. Plain SGD moves a weight by its gradient alone, and most rows of
    a large table have none. Momentum, Adam's and RMSprop's running means and the penalties on weights move
    every row at every update; cutting by value is left to the usual form, as it is rarely used.
    """
    plain = config.method in ("sgd", "nt-asgd") and not config.momentum
    return plain and not (config.l1 or config.l2 or config.clip_value)


@torch.no_grad()
def add_penalties(config: OptimizerConfig, parameters: list[nn.Parameter]) -> None:
    """Add the gradients of l1·Σ|w| and ½·l2·Σw² over weight matrices (not biases or gains)."""
    if not config.l1 and not config.l2:
        return
    for p in parameters:
        if p.grad is None or p.dim() < 2:
            continue
        if config.l1:
            p.grad.add_(p.sign(), alpha=config.l1)
        if config.l2:
            p.grad.add_(p, alpha=config.l2)


@torch.no_grad()
def clip_gradients(config: OptimizerConfig, parameters: list[nn.Parameter]) -> tuple[float, float]:
    """Cut by value; return the norm, and the factor that scales it down (Pascanu et al. 2013).

    The factor min(1, clip_norm / norm) is left for the update to apply, which reads the gradients anyway:
    :func:`unrolled.training.optimizer.update`.
    """
    if config.clip_value:
        nn.utils.clip_grad_value_(parameters, config.clip_value)
    norm = float(nn.utils.get_total_norm(gradient_values(parameters)))
    # As torch has it: the small term keeps the factor finite where every gradient is zero.
    factor = config.clip_norm / (norm + 1e-6) if config.clip_norm else 1.0
    return norm, min(factor, 1.0)


def gradient_values(parameters: list[nn.Parameter]) -> list[Tensor]:
    """Return the numbers of every gradient: all of a dense one, the rows of a row-sparse one.

    Rows that were read several times are added up first, in place, for the norm is that of their sum.
    """
    found: list[Tensor] = []
    for p in parameters:
        if p.grad is not None and p.grad.is_sparse:
            p.grad = p.grad.coalesce()
            found.append(p.grad.values())
        elif p.grad is not None:
            found.append(p.grad)
    return found
