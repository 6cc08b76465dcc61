"""The output layer and its loss."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from numerics import uniform
from unrolled.errors import UnrolledError
from unrolled.layers import SoftmaxOutput, token_losses


def test_logits_by_the_equation() -> None:
    output = SoftmaxOutput(3, 4).double()
    h = uniform(2, 5, 3, seed=0)
    logits = output(h)
    for t in range(2):
        for b in range(5):
            for k in range(4):
                expected = output.bias[k] + sum(output.weight[k, j] * h[t, b, j] for j in range(3))
                assert logits[t, b, k].item() == pytest.approx(expected.item(), abs=1e-13)


def test_a_tied_output_uses_the_table_and_has_no_weight() -> None:
    output = SoftmaxOutput(3, 4, tied=True).double()
    table, h = uniform(4, 3, seed=1), uniform(2, 3, seed=0)
    assert [name for name, _ in output.named_parameters()] == ["bias"]
    torch.testing.assert_close(output(h, table), h @ table.T + output.bias)
    with pytest.raises(UnrolledError, match="tied output layer needs the embedding table"):
        output(h)


def test_an_untied_output_ignores_the_table() -> None:
    output = SoftmaxOutput(3, 4).double()
    h = uniform(2, 3, seed=0)
    assert torch.equal(output(h), output(h, uniform(4, 3, seed=1)))


def test_losses_are_negative_log_probabilities() -> None:
    logits, targets = uniform(3, 2, 5, seed=0, high=4.0), torch.tensor([[0, 4], [2, 1], [3, 3]])
    losses = token_losses(logits, targets, ignore=-1)
    assert losses.shape == (3, 2)
    for t in range(3):
        for b in range(2):
            row = logits[t, b].tolist()
            p = math.exp(row[int(targets[t, b])]) / sum(math.exp(v) for v in row)
            assert losses[t, b].item() == pytest.approx(-math.log(p), abs=1e-12)


@pytest.mark.parametrize("ignore", [0, 7, -100])
def test_losses_equal_cross_entropy_and_are_zero_if_ignored(ignore: int) -> None:
    logits = uniform(6, 4, 5, seed=0, high=3.0)
    targets = torch.arange(24).view(6, 4) % 5
    targets[2, 1] = targets[5, 3] = ignore
    losses = token_losses(logits, targets, ignore)
    counted = targets != ignore
    assert (losses[~counted] == 0).all()
    expected = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=ignore)
    torch.testing.assert_close(losses.sum() / counted.sum(), expected)


def test_gradients_of_losses_are_zero_if_ignored() -> None:
    logits = uniform(2, 3, 4, seed=0).requires_grad_()
    targets = torch.tensor([[0, 3, 9], [2, 9, 1]])
    assert gradcheck(lambda v: token_losses(v, targets, 9), logits)
    (g,) = torch.autograd.grad(token_losses(logits, targets, 9).sum(), logits)
    assert (g[0, 2] == 0).all()
    assert (g[1, 1] == 0).all()
    torch.testing.assert_close(g[0, 0].sum(), torch.zeros((), dtype=torch.float64))


def test_targets_need_not_be_contiguous() -> None:
    logits, targets = uniform(4, 3, 5, seed=0), torch.arange(12).view(3, 4).t() % 5
    assert torch.equal(token_losses(logits, targets, -1), token_losses(logits, targets.contiguous(), -1))


# The loss without the logits.


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_fused_loss_equals_that_of_the_logits(tied: bool, smoothing: float) -> None:
    output = SoftmaxOutput(3, 5, tied=tied).double()
    table = uniform(5, 3, seed=1).requires_grad_() if tied else None
    h, targets = uniform(4, 2, 3, seed=0).requires_grad_(), torch.arange(8).view(2, 4).t() % 5
    targets[1, 1] = -7
    w = uniform(4, 2, seed=2)
    loss, nats = output.loss(h, targets, table, row_weights=w, ignore=-7, label_smoothing=smoothing)
    logits = output(h, table)
    assert nats.shape == (4, 2)
    torch.testing.assert_close(nats, token_losses(logits, targets, -7).detach())
    losses = F.cross_entropy(
        logits.flatten(0, 1),
        targets.reshape(-1),
        reduction="none",
        ignore_index=-7,
        label_smoothing=smoothing,
    )
    expected = (losses * w.flatten()).sum()
    torch.testing.assert_close(loss, expected)
    leaves = [h, *output.parameters(), *([table] if table is not None else [])]
    gradients, expected_gradients = torch.autograd.grad(loss, leaves), torch.autograd.grad(expected, leaves)
    for a, b in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("shape", [(), (2,), (4, 1), (4, 2)])
def test_row_weights_are_broadcast_to_the_targets(shape: tuple[int, ...]) -> None:
    output = SoftmaxOutput(3, 5).double()
    h, targets = uniform(4, 2, 3, seed=0), torch.arange(8).view(4, 2) % 5
    w = uniform(*shape, seed=2, dtype=torch.float32)
    loss, nats = output.loss(h, targets, row_weights=w)
    torch.testing.assert_close(loss, (nats * w).sum())
    assert loss.dtype == torch.float64


def test_a_tied_output_needs_the_table_for_its_loss() -> None:
    output = SoftmaxOutput(3, 4, tied=True).double()
    with pytest.raises(UnrolledError, match="tied output layer needs the embedding table"):
        output.loss(uniform(2, 3, seed=0), torch.tensor([0, 1]))


def test_mismatched_targets_are_refused() -> None:
    output = SoftmaxOutput(3, 4).double()
    with pytest.raises(
        UnrolledError, match=r"targets must have shape \(2, 5\), as h without its last axis, got \(5, 2\)"
    ):
        output.loss(uniform(2, 5, 3, seed=0), torch.zeros(5, 2, dtype=torch.int64))
