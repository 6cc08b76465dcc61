"""What happens to gradients between the backward pass and the update."""

import math

import pytest
import torch
from torch import nn

from unrolled.training import OptimizerConfig
from unrolled.training.gradients import add_penalties, clip_gradients


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 3)).double()


def loss_of(net):
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)
    return net(x).square().mean()


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_penalties_are_gradients_of_the_penalised_loss(net, l1, l2):
    parameters = list(net.parameters())
    matrices = [p for p in parameters if p.dim() > 1]
    assert len(matrices) == 2
    with torch.no_grad():
        matrices[0][0, 0] = 0.0
    penalty = l1 * sum(p.abs().sum() for p in matrices)
    penalty = penalty + l2 / 2 * sum(p.square().sum() for p in matrices)
    expected = torch.autograd.grad(loss_of(net) + penalty, parameters)

    loss_of(net).backward()
    add_penalties(OptimizerConfig(l1=l1, l2=l2), parameters)
    for p, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(p.grad, gradient)


def test_what_has_no_gradient_gets_no_penalty():
    p = nn.Parameter(torch.ones(2, 2))
    add_penalties(OptimizerConfig(l1=1.0, l2=1.0), [p])
    assert p.grad is None


def with_gradients(*values):
    parameters = []
    for v in values:
        p = nn.Parameter(torch.zeros(len(v)))
        p.grad = torch.tensor(v)
        parameters.append(p)
    return parameters


def gradients(parameters):
    return [p.grad.tolist() for p in parameters]


def test_the_norm_is_over_all_weights():
    parameters = with_gradients([3.0, 0.0], [4.0])
    norm = clip_gradients(OptimizerConfig(clip_norm=1.0), parameters)
    assert norm == pytest.approx(5.0)
    assert gradients(parameters) == [pytest.approx([0.6, 0.0], abs=1e-6), pytest.approx([0.8])]


def test_a_small_gradient_is_left_alone():
    parameters = with_gradients([0.3, 0.4])
    assert clip_gradients(OptimizerConfig(clip_norm=1.0), parameters) == pytest.approx(0.5)
    assert gradients(parameters) == [pytest.approx([0.3, 0.4])]


def test_zero_never_clips():
    parameters = with_gradients([300.0, 400.0])
    assert clip_gradients(OptimizerConfig(clip_norm=0), parameters) == pytest.approx(500.0)
    assert gradients(parameters) == [[300.0, 400.0]]


def test_values_are_cut_before_the_norm_is_taken():
    parameters = with_gradients([-9.0, 0.5], [2.0])
    options = OptimizerConfig(clip_norm=0, clip_value=1.0)
    assert clip_gradients(options, parameters) == pytest.approx(1.5)
    assert gradients(parameters) == [[-1.0, 0.5], [1.0]]
    parameters = with_gradients([-9.0, 0.5], [2.0])
    assert clip_gradients(OptimizerConfig(clip_norm=0.75, clip_value=1.0), parameters) == 1.5
    assert gradients(parameters) == [pytest.approx([-0.5, 0.25]), pytest.approx([0.5])]


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_a_gradient_that_is_not_finite_shows_in_the_norm(bad, clip_norm):
    parameters = with_gradients([1.0, bad], [2.0])
    assert not math.isfinite(clip_gradients(OptimizerConfig(clip_norm=clip_norm), parameters))


def test_parameters_without_gradient_are_passed_over():
    parameters = [*with_gradients([3.0, 4.0]), nn.Parameter(torch.ones(2))]
    assert clip_gradients(OptimizerConfig(clip_norm=1.0), parameters) == pytest.approx(5.0)
    assert parameters[1].grad is None
