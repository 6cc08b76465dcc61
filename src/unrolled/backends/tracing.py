"""Check whether a kernel may read the memory of tensors, or must be called through torch's dispatcher."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Parameter

PLAIN = frozenset((Tensor, Parameter))
"""Tensor types whose data pointer gives access to their values."""


def is_traced(tensors: Sequence[Tensor]) -> bool:
    """Return whether the call is traced, or the memory of a tensor does not hold its plain values."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or torch._C._len_torch_dispatch_stack():
        return True
    if not PLAIN.issuperset(map(type, tensors)):
        return True
    return any(map(Tensor.is_neg, tensors))
