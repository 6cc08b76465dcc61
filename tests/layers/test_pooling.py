"""Pooling of all steps to one vector per row, checked against formulas row by row."""

import pytest
import torch
from torch.autograd import gradcheck

from unrolled.layers.pooling import Attention, Last, Max, Mean, make_pooling

T, B, F = 5, 4, 6
LENGTHS = torch.tensor([5, 1, 3, 4])
KINDS = ["last", "mean", "max", "attention"]


@pytest.fixture
def h():
    """Outputs of a layer: zero in the padding of each row."""
    values = torch.randn(T, B, F, dtype=torch.float64) - 0.5
    is_padding = torch.arange(T)[:, None] >= LENGTHS
    return values.masked_fill(is_padding[..., None], 0.0)


def make_pooling_layer(kind, directions=1):
    torch.manual_seed(1)
    return make_pooling(kind, F, directions).double()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("directions", [1, 2])
def test_rows_do_not_depend_on_the_batch(h, kind, directions):
    pooling = make_pooling_layer(kind, directions)
    batched = pooling(h, LENGTHS)
    for b, n in enumerate(LENGTHS.tolist()):
        single = pooling(h[:n, b : b + 1], LENGTHS[b : b + 1])
        torch.testing.assert_close(batched[b], single[0])


@pytest.mark.parametrize("kind", ["last", "max", "attention"])  # the mean relies on zeros in the padding
def test_padding_does_not_change_the_result(h, kind):
    pooling, is_padding = make_pooling_layer(kind), torch.arange(T)[:, None] >= LENGTHS
    with_other_padding = h.masked_fill(is_padding[..., None], 1e6)
    assert torch.equal(pooling(with_other_padding, LENGTHS), pooling(h, LENGTHS))


def test_each_pooling_follows_its_formula(h):
    b, n = 2, 3
    row = h[:n, b]
    assert torch.equal(Last()(h, LENGTHS)[b], row[-1])
    assert torch.equal(Last(2)(h, LENGTHS)[b], torch.cat([row[-1, : F // 2], row[0, F // 2 :]]))
    torch.testing.assert_close(Mean()(h, LENGTHS)[b], row.mean(0))
    assert torch.equal(Max()(h, LENGTHS)[b], row.max(0).values)
    attention = make_pooling_layer("attention")
    W, bias, v = attention.hidden.weight, attention.hidden.bias, attention.context.weight[0]
    alpha = torch.softmax(torch.stack([v @ torch.tanh(W @ h_t + bias) for h_t in row]), 0)
    torch.testing.assert_close(attention(h, LENGTHS)[b], alpha @ row)
    weights = attention.weights(h, LENGTHS)
    torch.testing.assert_close(weights.sum(0), torch.ones(B, dtype=torch.float64))
    assert (weights[n:, b] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("directions", [1, 2])
def test_gradients(h, kind, directions):
    pooling = make_pooling_layer(kind, directions)
    assert gradcheck(lambda x, *_: pooling(x, LENGTHS), (h.requires_grad_(), *pooling.parameters()))


def test_the_maximum_may_be_negative():
    h = torch.full((3, 1, 2), -5.0)
    h[2] = 0.0
    assert Max()(h, torch.tensor([2])).tolist() == [[-5.0, -5.0]]
    assert isinstance(make_pooling("attention", 3, 1), Attention)
