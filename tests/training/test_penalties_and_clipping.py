"""Changes to gradients between the backward pass and the optimizer step."""

import math

import pytest
import torch
from torch import nn

from unrolled.training import OptimizerConfig
from unrolled.training.gradients import add_penalties, can_use_sparse_gradients, clip_gradients


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 3)).double()


def compute_loss(net):
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)
    return net(x).square().mean()


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_penalties_add_the_gradient_of_the_penalised_loss(net, l1, l2):
    parameters = list(net.parameters())
    matrices = [p for p in parameters if p.dim() > 1]
    assert len(matrices) == 2
    with torch.no_grad():
        matrices[0][0, 0] = 0.0
    penalty = l1 * sum(p.abs().sum() for p in matrices)
    penalty = penalty + l2 / 2 * sum(p.square().sum() for p in matrices)
    expected = torch.autograd.grad(compute_loss(net) + penalty, parameters)

    compute_loss(net).backward()
    add_penalties(OptimizerConfig(l1=l1, l2=l2), parameters)
    for p, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(p.grad, gradient)


def test_parameters_without_gradient_get_no_penalty():
    p = nn.Parameter(torch.ones(2, 2))
    add_penalties(OptimizerConfig(l1=1.0, l2=1.0), [p])
    assert p.grad is None


def make_parameters(*values):
    parameters = []
    for v in values:
        p = nn.Parameter(torch.zeros(len(v)))
        p.grad = torch.tensor(v)
        parameters.append(p)
    return parameters


def clip(options, parameters):
    """Return the norm, and every gradient times the clipping factor."""
    norm, factor = clip_gradients(options, parameters)
    return norm, [(p.grad * factor).tolist() for p in parameters if p.grad is not None]


def test_the_norm_covers_all_parameters():
    parameters = make_parameters([3.0, 0.0], [4.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=1.0), parameters)
    assert norm == pytest.approx(5.0)
    assert gradients == [pytest.approx([0.6, 0.0], abs=1e-6), pytest.approx([0.8])]


def test_a_small_gradient_is_not_clipped():
    parameters = make_parameters([0.3, 0.4])
    assert clip_gradients(OptimizerConfig(clip_norm=1.0), parameters) == (pytest.approx(0.5), 1.0)
    assert parameters[0].grad.tolist() == [pytest.approx(0.3), pytest.approx(0.4)]


def test_clip_norm_zero_disables_clipping():
    parameters = make_parameters([300.0, 400.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=0), parameters)
    assert norm == pytest.approx(500.0)
    assert gradients == [[300.0, 400.0]]


def test_a_zero_gradient_stays_zero():
    assert clip(OptimizerConfig(clip_norm=1.0), make_parameters([0.0, 0.0])) == (0.0, [[0.0, 0.0]])


def test_values_are_clipped_before_the_norm():
    parameters = make_parameters([-9.0, 0.5], [2.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=0, clip_value=1.0), parameters)
    assert norm == pytest.approx(1.5)
    assert gradients == [[-1.0, 0.5], [1.0]]
    parameters = make_parameters([-9.0, 0.5], [2.0])
    norm, gradients = clip(OptimizerConfig(clip_norm=0.75, clip_value=1.0), parameters)
    assert norm == 1.5
    assert gradients == [pytest.approx([-0.5, 0.25]), pytest.approx([0.5])]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_a_nonfinite_gradient_gives_a_nonfinite_norm(value, clip_norm):
    parameters = make_parameters([1.0, value], [2.0])
    norm, _ = clip_gradients(OptimizerConfig(clip_norm=clip_norm), parameters)
    assert not math.isfinite(norm)


def test_parameters_without_gradient_are_skipped_in_clipping():
    parameters = [*make_parameters([3.0, 4.0]), nn.Parameter(torch.ones(2))]
    norm, _ = clip_gradients(OptimizerConfig(clip_norm=1.0), parameters)
    assert norm == pytest.approx(5.0)
    assert parameters[1].grad is None


# -- row-sparse gradients --------------------------------------------------------------------------


def sparse_gradient(rows, values, size):
    """Parameter (size, 2) whose gradient is a sparse tensor; rows may be repeated."""
    p = nn.Parameter(torch.zeros(size, 2))
    p.grad = torch.sparse_coo_tensor(
        torch.tensor([rows]), torch.tensor(values), (size, 2), check_invariants=True
    )
    return p


def test_repeated_rows_are_summed_before_the_norm():
    p = sparse_gradient([4, 1, 4], [[1.0, 0.0], [0.0, 4.0], [2.0, 0.0]], 6)
    norm, factor = clip_gradients(OptimizerConfig(clip_norm=1.0), [p, *make_parameters([12.0])])
    assert norm == pytest.approx(13.0)  # 3, 4 and 12
    assert factor == pytest.approx(1 / 13)
    assert p.grad.is_coalesced()
    assert p.grad.to_dense().tolist() == [[0, 0], [0, 4], [0, 0], [0, 0], [3, 0], [0, 0]]


def test_rows_that_cancel_have_norm_zero():
    p = sparse_gradient([2, 2], [[5.0, 1.0], [-5.0, -1.0]], 3)
    assert clip_gradients(OptimizerConfig(clip_norm=1.0), [p]) == (0.0, 1.0)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_nonfinite_sparse_gradient_gives_a_nonfinite_norm(value):
    p = sparse_gradient([0, 0], [[value, 1.0], [-value, 1.0]], 4)
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
def test_rows_suffice_if_only_the_gradient_changes_weights(options, expected):
    assert can_use_sparse_gradients(OptimizerConfig(**options)) == expected
