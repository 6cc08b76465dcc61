"""Optimisers by name, and their state in checkpoints."""

import torch
from torch import Tensor, nn

from unrolled.reading import plain_int
from unrolled.training.config import OptimizerConfig

_SCALAR = torch.Size()
_NEEDED = {
    torch.optim.Adam: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.RMSprop: {"step", "square_avg"},
}
"""State that every updated parameter has; SGD's depends on the momentum."""


def make_optimizer(config: OptimizerConfig, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Return torch's optimiser of that name, fused where torch has it so."""
    match config.method:
        case "sgd" | "nt-asgd":
            return torch.optim.SGD(parameters, lr=config.lr, momentum=config.momentum)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=config.lr, momentum=config.momentum)
        case "adam":
            return torch.optim.Adam(parameters, lr=config.lr, fused=True)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=config.lr, weight_decay=config.weight_decay, fused=True)


@torch.no_grad()
def update(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Make one update with every gradient times ``factor``, of which the clipped norm is made.

    Without momentum SGD's step is −lr · factor · gradient: the factor goes to the rate, and the gradients
    are read once. The others keep sums of gradients, so that these are scaled first, unless it is by 1.
    """
    groups = optimizer.param_groups
    if isinstance(optimizer, torch.optim.SGD) and not any(g["momentum"] or g["weight_decay"] for g in groups):
        rates = [group["lr"] for group in groups]
        for group in groups:
            group["lr"] *= factor
        optimizer.step()
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        return
    if factor != 1.0:
        gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        torch._foreach_mul_(gradients, factor)
    optimizer.step()


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimiser's tensors by ``"<parameter number>.<name>"``; its options come from the config."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, values in state.items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what :func:`optimizer_tensors` returned.

    Raises:
        ValueError: if a tensor is not of a parameter, has another shape, or one is missing.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        written, _, name = key.partition(".")
        number = plain_int(written)
        fits = 0 <= number < len(parameters) and value.shape in (_SCALAR, parameters[number].shape)
        if not fits or (value.shape == _SCALAR) != (name == "step"):
            raise ValueError(f"the optimizer's {key} of shape {tuple(value.shape)} fits no parameter")
        state.setdefault(number, {})[name] = value
    needed = _NEEDED.get(type(optimizer), set())
    for number, values in state.items():
        if missing := sorted(needed - values.keys()):
            raise ValueError(f"the optimizer's {missing[0]} of parameter {number} is missing")
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
