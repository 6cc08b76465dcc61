"""A lookup, given by a table and row numbers, can replace a tensor."""

import torch
from torch import Tensor

from numerics import uniform
from unrolled.backends import Lookup, TensorTable
from unrolled.backends.lookup import resolve_lookup, tensor_like

TOKENS = torch.tensor([[0, 2], [1, 1], [2, 0]])


def make_lookup() -> tuple[Lookup, Tensor]:
    """Return a lookup and the tensor that it represents."""
    table = uniform(4, 5, seed=0)
    return Lookup(TensorTable(table), TOKENS), table[TOKENS]


def test_a_lookup_equals_the_indexed_tensor() -> None:
    x, rows = make_lookup()
    assert (x.shape, x.dtype, x.device, len(x)) == (rows.shape, rows.dtype, rows.device, 3)
    assert torch.equal(resolve_lookup(x), rows)
    assert torch.equal(resolve_lookup(x[1:]), rows[1:])
    assert torch.equal(resolve_lookup(x.transpose(0, 1)), rows.transpose(0, 1))
    assert resolve_lookup(rows) is rows
    assert tensor_like(rows) is rows
    assert tensor_like(x).dtype == rows.dtype
