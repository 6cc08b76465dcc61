"""Whether a kernel may read the memory of tensors, or the call must go through torch's dispatcher."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Parameter

PLAIN = frozenset((Tensor, Parameter))
"""Types whose numbers lie in the memory that they name."""


def is_traced(tensors: Sequence[Tensor]) -> bool:
    """Whether something traces the call, or a tensor has no plain numbers in its memory."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or torch._C._len_torch_dispatch_stack():
        return True
    if not PLAIN.issuperset(map(type, tensors)):
        return True
    return any(map(Tensor.is_neg, tensors))
