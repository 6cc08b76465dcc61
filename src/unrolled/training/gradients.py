"""Gradient penalties and clipping, applied between the backward pass and the optimizer step."""

import torch
from torch import Tensor, nn

from unrolled.training.config import OptimizerConfig


def can_use_sparse_gradients(config: OptimizerConfig) -> bool:
    """Return whether a step may skip the rows of an embedding table that the batch did not read.

    If so, the gradient of the table can be row-sparse. This is the only place that decides it. Plain SGD
    changes a weight only by its gradient, and most rows of a large table have none. Momentum, the running
    means of Adam and RMSprop, and weight penalties change every row at every step. Clipping by value is rare
    and uses dense gradients.
    """
    plain = config.method in ("sgd", "nt-asgd") and not config.momentum
    return plain and not (config.l1 or config.l2 or config.clip_value)


@torch.no_grad()
def add_penalties(config: OptimizerConfig, parameters: list[nn.Parameter]) -> None:
    """Add the gradients of l1·Σ|w| and ½·l2·Σw² over the weight matrices (not biases or gains)."""
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
    """Clip by value; return the gradient norm and the factor that clips it (Pascanu et al. 2013).

    The factor is min(1, clip_norm / norm). It is not applied here but in
    :func:`unrolled.training.optimizer.scaled_step`, which reads the gradients anyway.
    """
    if config.clip_value:
        nn.utils.clip_grad_value_(parameters, config.clip_value)
    norm = float(nn.utils.get_total_norm(gradient_values(parameters)))
    # As in torch: the small term keeps the factor finite if all gradients are zero.
    factor = config.clip_norm / (norm + 1e-6) if config.clip_norm else 1.0
    return norm, min(factor, 1.0)


def gradient_values(parameters: list[nn.Parameter]) -> list[Tensor]:
    """Return the values of every gradient: the tensor itself if dense, the stored rows if row-sparse.

    Repeated rows are first summed in place, because the norm is that of their sum.
    """
    values: list[Tensor] = []
    for p in parameters:
        if p.grad is not None and p.grad.is_sparse:
            p.grad = p.grad.coalesce()
            values.append(p.grad.values())
        elif p.grad is not None:
            values.append(p.grad)
    return values
