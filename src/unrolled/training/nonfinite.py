"""Find the first place with an infinite or NaN value."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.layers import Recurrent

ADVICE = (
    "try a lower learning rate (--lr), stronger clipping (--clip-norm), a gated cell (--cell lstm) "
    "or orthogonal initialisation (--recurrent-init orthogonal)"
)


def first_nonfinite(model: nn.Module, forward: Callable[[], Any]) -> str:
    """Describe the first place with a non-finite number: a weight, a layer's output, the loss, or a gradient.

    Args:
        model: the model whose step failed.
        forward: repeats the forward pass of the failing step and returns the loss, or a tensor that the loss
            depends on. It runs without dropout and without gradients.
    """
    if place := nonfinite_weights(model):
        return place
    calls: list[tuple[str, nn.Module, tuple[Any, ...], dict[str, Any], Any]] = []
    hooks = [
        module.register_forward_hook(_make_hook(name, calls), with_kwargs=True)
        for name, module in model.named_modules()
        if not any(module.children())
    ]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            loss = forward()
            for hook in hooks:
                hook.remove()
            for name, module, args, kwargs, output in calls:
                if not all(_is_finite(t) for t in _tensors(output)):
                    return _describe_output(name, module, args, kwargs)
            if not all(_is_finite(t) for t in _tensors(loss)):
                return "the loss (the output of every layer before it is finite)"
    finally:
        model.train(was_training)
    for name, p in model.named_parameters():
        if p.grad is not None and not _is_finite(p.grad):
            return f"the gradient of {name}"
    return "the loss (every layer's output is finite without dropout)"


def nonfinite_weights(model: nn.Module) -> str:
    """Name the first parameter with a non-finite number; return "" if all are finite."""
    return next((f"the weights of {name}" for name, p in model.named_parameters() if not _is_finite(p)), "")


def _make_hook(name: str, calls: list[Any]) -> Callable[..., None]:
    def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        calls.append((name, module, args, kwargs, output))

    return hook


def _describe_output(name: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Describe layer, gate and time step inside a recurrent module; for other modules, name the module."""
    if not isinstance(module, Recurrent):
        return f"the output of {name}"
    backend, precision = module.backend, module.precision
    module.backend, module.precision = "reference", "full"
    try:
        layers = module.trace(*args, **kwargs).layers
    finally:
        module.backend, module.precision = backend, precision
    for layer, values in layers.items():
        bad = {n: (~v.isfinite()).flatten(1).any(1).nonzero() for n, v in values.items()}
        steps = {n: int(bad_steps[0]) for n, bad_steps in bad.items() if len(bad_steps)}
        if steps:
            gate = min(steps, key=lambda n: steps[n])
            return f"{name}, layer {layer}, {gate!r} at time step {steps[gate]} of the chunk"
    return f"the output of {name}"


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [t for item in value for t in _tensors(item)]
    return []


def _is_finite(t: Tensor) -> bool:
    t = t.coalesce().values() if t.is_sparse else t
    return not t.is_floating_point() or bool(t.isfinite().all())
