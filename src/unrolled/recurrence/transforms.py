"""Which transforms of torch.func and torch.autograd are active: they decide what a kernel may read."""

import torch
from torch import Tensor
from torch._C import _functorch
from torch.autograd import forward_ad


def active() -> bool:
    """Whether a transform of torch.func (grad, vjp, jvp, vmap, …) is running."""
    return not torch.compiler.is_compiling() and _functorch.peek_interpreter_stack() is not None


def batched_and_forward_mode() -> tuple[bool, bool]:
    """Return whether a vmap is running, at any depth, and whether forward-mode derivatives are taken."""
    if torch.compiler.is_compiling():
        return False, False
    stack = _functorch.get_interpreter_stack() or ()
    return any(i.key() == _functorch.TransformType.Vmap for i in stack), forward_ad._current_level >= 0


def batched() -> bool:
    """Whether a vmap is running, at any depth."""
    return batched_and_forward_mode()[0]


def forward_mode() -> bool:
    """Whether forward-mode derivatives (torch.func.jvp, dual tensors) are taken."""
    return not torch.compiler.is_compiling() and forward_ad._current_level >= 0


def values_of(t: Tensor) -> Tensor:
    """Return the tensor inside all transforms: the numbers of every sample."""
    while _functorch.is_functorch_wrapped_tensor(t):
        t = _functorch.get_unwrapped(t)
    return t
