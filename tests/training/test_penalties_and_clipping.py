"""What happens to gradients between the backward pass and the update."""

import math

import pytest
import torch
from torch import nn

from unrolled.training import OptimizerConfig
from unrolled.training.gradients import add_penalties, clip_gradients, rows_suffice


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


def clip(options, parameters):
    """The norm, and what the update goes by: every gradient times the factor."""
    norm, factor = clip_gradients(options, parameters)
    return norm, [(p.grad * factor).tolist() for p in parameters if p.grad is not None]


def test_the_norm_is_over_all_weights():
    parameters = with_gradients([3.0, 0.0], [4.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=1.0), parameters)
    assert norm == pytest.approx(5.0)
    assert gradients == [pytest.approx([0.6, 0.0], abs=1e-6), pytest.approx([0.8])]


def test_a_small_gradient_is_left_alone():
    parameters = with_gradients([0.3, 0.4])
    assert clip_gradients(OptimizerConfig(clip_norm=1.0), parameters) == (pytest.approx(0.5), 1.0)
    assert parameters[0].grad.tolist() == [pytest.approx(0.3), pytest.approx(0.4)]


def test_zero_never_clips():
    parameters = with_gradients([300.0, 400.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=0), parameters)
    assert norm == pytest.approx(500.0)
    assert gradients == [[300.0, 400.0]]


def test_a_gradient_of_zeros_stays_one():
    assert clip(OptimizerConfig(clip_norm=1.0), with_gradients([0.0, 0.0])) == (0.0, [[0.0, 0.0]])


def test_values_are_cut_before_the_norm_is_taken():
    parameters = with_gradients([-9.0, 0.5], [2.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=0, clip_value=1.0), parameters)
    assert norm == pytest.approx(1.5)
    assert gradients == [[-1.0, 0.5], [1.0]]
    parameters = with_gradients([-9.0, 0.5], [2.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=0.75, clip_value=1.0), parameters)
    assert norm == 1.5
    assert gradients == [pytest.approx([-0.5, 0.25]), pytest.approx([0.5])]


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_a_gradient_that_is_not_finite_shows_in_the_norm(bad, clip_norm):
    parameters = with_gradients([1.0, bad], [2.0])
    norm, _ = clip_gradients(OptimizerConfig(clip_norm=clip_norm), parameters)
    assert not math.isfinite(norm)


def test_parameters_without_gradient_are_passed_over():
    parameters = [*with_gradients([3.0, 4.0]), nn.Parameter(torch.ones(2))]
    norm, _ = clip_gradients(OptimizerConfig(clip_norm=1.0), parameters)
    assert norm == pytest.approx(5.0)
    assert parameters[1].grad is None


# -- row-sparse gradients --------------------------------------------------------------------------


def sparse_gradient(rows, values, size):
    """Parameter (size, 2) whose gradient is a sparse tensor; a row may come several times."""
    p = nn.Parameter(torch.zeros(size, 2))
    p.grad = torch.sparse_coo_tensor(
        torch.tensor([rows]), torch.tensor(values), (size, 2), check_invariants=True
    )
    return p


def test_rows_that_come_twice_are_added_up_before_they_are_squared():
    p = sparse_gradient([4, 1, 4], [[1.0, 0.0], [0.0, 4.0], [2.0, 0.0]], 6)
    norm, factor = clip_gradients(OptimizerConfig(clip_norm=1.0), [p, *with_gradients([12.0])])
    assert norm == pytest.approx(13.0)  # 3, 4 and 12
    assert factor == pytest.approx(1 / 13)
    assert p.grad.is_coalesced()
    assert p.grad.to_dense().tolist() == [[0, 0], [0, 4], [0, 0], [0, 0], [3, 0], [0, 0]]


def test_rows_that_cancel_have_no_norm():
    p = sparse_gradient([2, 2], [[5.0, 1.0], [-5.0, -1.0]], 3)
    assert clip_gradients(OptimizerConfig(clip_norm=1.0), [p]) == (0.0, 1.0)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_sparse_gradient_that_is_not_finite_shows_in_the_norm(bad):
    p = sparse_gradient([0, 0], [[bad, 1.0], [-bad, 1.0]], 4)
    assert not math.isfinite(clip_gradients(OptimizerConfig(), [p])[0])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"optimizer": "sgd"}, True),
        ({"optimizer": "nt-asgd"}, True),
        ({"optimizer": "sgd", "clip_norm": 0.0, "schedule": "step"}, True),
        ({"optimizer": "sgd", "momentum": 0.9}, False),
        ({"optimizer": "nt-asgd", "momentum": 0.1}, False),
        ({"optimizer": "sgd", "l1": 1e-6}, False),
        ({"optimizer": "sgd", "l2": 1e-6}, False),
        ({"optimizer": "sgd", "clip_value": 1.0}, False),
        ({"optimizer": "adam"}, False),
        ({"optimizer": "adamw"}, False),
        ({"optimizer": "rmsprop"}, False),
    ],
    ids=lambda v: "-".join(map(str, v.values())) if isinstance(v, dict) else str(v),
)
def test_rows_suffice_where_nothing_but_the_gradient_moves_a_weight(options, expected):
    assert rows_suffice(OptimizerConfig(**options)) == expected
