"""What happens to gradients between the backward pass and the update."""

import torch
from torch import Tensor, nn

from unrolled.training.config import OptimizerConfig


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
def clip_gradients(config: OptimizerConfig, parameters: list[nn.Parameter]) -> float:
    """Cut by value, then scale by norm; return the norm before scaling (Pascanu et al. 2013)."""
    if config.clip_value:
        nn.utils.clip_grad_value_(parameters, config.clip_value)
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if config.clip_norm:
        nn.utils.clip_grads_with_norm_(parameters, config.clip_norm, norm)
    return float(norm)
