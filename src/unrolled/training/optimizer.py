"""Optimizers by name, and their state in checkpoints."""

import torch
from torch import Tensor, nn

from unrolled.reading import plain_int
from unrolled.training.config import OptimizerConfig

_SCALAR = torch.Size()
_REQUIRED_STATE = {
    torch.optim.Adam: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.RMSprop: {"step", "square_avg"},
}
"""Names of the state tensors of every updated parameter. Those of SGD depend on the momentum."""


def make_optimizer(config: OptimizerConfig, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the torch optimizer that a config selects, fused if torch has a fused version."""
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
def scaled_step(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Run one optimizer step with every gradient multiplied by ``factor``, the scale of norm clipping.

    The step of SGD without momentum is −lr · factor · gradient: the learning rate is scaled instead, so that
    the gradients are read only once. Other optimizers accumulate gradients, so that the gradients are scaled
    first (unless the factor is 1).
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
    """Return the state tensors, keyed by ``"<parameter number>.<name>"``; the options are in the config."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, values in state.items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restore the tensors that :func:`optimizer_tensors` returned.

    Raises:
        ValueError: if a tensor belongs to no parameter, has the wrong shape, or is missing.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        prefix, _, name = key.partition(".")
        number = plain_int(prefix)
        fits = 0 <= number < len(parameters) and value.shape in (_SCALAR, parameters[number].shape)
        if not fits or (value.shape == _SCALAR) != (name == "step"):
            raise ValueError(f"the optimizer state {key!r} of shape {tuple(value.shape)} fits no parameter")
        state.setdefault(number, {})[name] = value
    required = _REQUIRED_STATE.get(type(optimizer), set())
    for number, values in state.items():
        if missing := sorted(required - values.keys()):
            raise ValueError(f"the optimizer state {missing[0]} of parameter {number} is missing")
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
