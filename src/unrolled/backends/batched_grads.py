"""Batched upstream gradients (``torch.autograd.grad(…, is_grads_batched=True)``).

torch runs these backward passes under an older vmap than that of torch.func, for which custom functions
cannot define a batching rule. So the samples are unpacked and processed one by one.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Gradients = Sequence[Tensor | None]


def vmap_level() -> int:
    """Return the number of nested vmaps of the older kind."""
    nested: int = torch._C._vmapmode_increment_nesting()
    torch._C._vmapmode_decrement_nesting()
    return nested - 1


def map_samples(function: Callable[[Gradients], Gradients], grads: Gradients, depth: int) -> Gradients:
    """Apply a function of gradients to each sample of ``depth`` nested vmaps, and batch the results again."""
    if not depth:
        return function(grads)
    # A gradient that is the same for all samples has a single row.
    samples = [None if g is None else torch._remove_batch_dim(g, depth, 1, 0) for g in grads]
    size = max(len(r) for r in samples if r is not None)
    results = [
        map_samples(function, [None if r is None else r[min(i, len(r) - 1)] for r in samples], depth - 1)
        for i in range(size)
    ]
    columns = zip(*results, strict=True)
    return [
        None if column[0] is None else torch._add_batch_dim(torch.stack(list(column)), 0, depth)
        for column in columns
    ]
