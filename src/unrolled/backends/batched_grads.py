"""Gradients that arrive for many samples at once (``torch.autograd.grad(…, is_grads_batched=True)``).

torch runs these backward passes under an older vmap than torch.func's, which no custom function can give a
batching rule. The samples are taken out and run one by one.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Gradients = Sequence[Tensor | None]


def level() -> int:
    """Return how many vmaps of the older kind are running."""
    inner: int = torch._C._vmapmode_increment_nesting()
    torch._C._vmapmode_decrement_nesting()
    return inner - 1


def one_by_one(function: Callable[[Gradients], Gradients], grads: Gradients, depth: int) -> Gradients:
    """Apply a function of gradients to each sample of ``depth`` nested vmaps, and batch its results again."""
    if not depth:
        return function(grads)
    # A gradient that is the same for all samples comes back with one row.
    rows = [None if g is None else torch._remove_batch_dim(g, depth, 1, 0) for g in grads]
    size = max(len(r) for r in rows if r is not None)
    results = [
        one_by_one(function, [None if r is None else r[min(i, len(r) - 1)] for r in rows], depth - 1)
        for i in range(size)
    ]
    columns = zip(*results, strict=True)
    return [
        None if column[0] is None else torch._add_batch_dim(torch.stack(list(column)), 0, depth)
        for column in columns
    ]
