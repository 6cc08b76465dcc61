"""Query of the active transforms of torch.func and torch.autograd, which limit what a kernel may read."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch._C import _functorch
from torch.autograd import forward_ad

from unrolled.errors import BackendError


class Transforms(NamedTuple):
    """Flags of the transforms that are running, at any depth."""

    batched: bool = False
    """True for vmap."""
    forward_mode: bool = False
    """True for torch.func.jvp or dual tensors."""
    traced: bool = False
    """True for any transform of torch.func that torch.compile is tracing."""


NO_TRANSFORMS = Transforms()


def any_active() -> bool:
    """Return whether a transform of torch.func (grad, vmap, …) is running; torch.compile can trace this."""
    return _functorch.get_dynamic_layer_stack_depth() > 0


def running() -> Transforms:
    """Return which transforms are running."""
    forward_mode = forward_ad._current_level >= 0
    if not any_active():
        return Transforms(forward_mode=True) if forward_mode else NO_TRANSFORMS
    if torch.compiler.is_compiling():
        return Transforms(forward_mode=forward_mode, traced=True)
    stack = _functorch.get_interpreter_stack() or ()
    vmap = any(i.key() == _functorch.TransformType.Vmap for i in stack)
    return Transforms(batched=vmap, forward_mode=forward_mode)


def refuse_forward_mode(operator: str) -> None:
    """Raise BackendError inside forward mode, where torch would treat the operator's derivative as zero."""
    if forward_ad._current_level >= 0:
        raise BackendError(
            f"{operator} has no forward-mode derivative (jvp, dual tensors): use the layer itself, not an "
            "exported or traced one"
        )


def unwrap(t: Tensor) -> Tensor:
    """Return the tensor without the wrappers of torch.func transforms: the values of all samples."""
    while _functorch.is_functorch_wrapped_tensor(t):
        t = _functorch.get_unwrapped(t)
    return t
