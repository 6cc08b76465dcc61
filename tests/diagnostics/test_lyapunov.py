"""Lyapunov exponents of systems whose exponents are known."""

import math
import sys

import numpy as np
import pytest
import torch

from brute import make_problem
from numerics import case_named, uniform
from unrolled.diagnostics.lyapunov import lyapunov
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.recording import record
from unrolled.errors import ShapeError
from unrolled.layers import LSTM, RNN


def make_linear_pass(u: torch.Tensor, steps: int = 200) -> Pass:
    """A ReLU network that stays positive: h_t = U h_{t−1} + 1, whose exponents are ln |eigenvalues of U|."""
    layer = RNN(1, len(u), nonlinearity="relu", bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(u)
        layer.weight_ih_l0.fill_(1.0)
    x = torch.ones(steps, 1, 1, dtype=torch.float64)
    return record(layer, lambda: layer(x)[0].sum(-1)).passes[0]


def test_exponents_of_a_linear_network_are_log_eigenvalues() -> None:
    u = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.5, 0.2], [0.0, 0.0, 0.25]], dtype=torch.float64)
    result = lyapunov(make_linear_pass(u), count=None)
    np.testing.assert_allclose(result.exponents, np.log([0.9, 0.5, 0.25]), atol=1e-6)
    assert result.regime == "contracting"
    assert result.steps_to_e == pytest.approx(-1 / math.log(0.9), rel=1e-5)
    assert (result.error < 1e-6).all()


@pytest.mark.parametrize(
    ("gain", "regime"), [(0.98, "contracting"), (0.995, "edge"), (1.0, "edge"), (1.03, "chaotic")]
)
def test_the_regime_follows_the_sign_of_the_largest_exponent(gain: float, regime: str) -> None:
    assert lyapunov(make_linear_pass(gain * torch.eye(2, dtype=torch.float64))).regime == regime


def test_a_random_tanh_network_is_chaotic_above_gain_one() -> None:
    """Sompolinsky, Crisanti & Sommers (1988): the transition is at a gain of 1."""

    def regime(gain: float) -> str:
        layer = RNN(1, 200, bias=False, dtype=torch.float64)
        with torch.no_grad():
            layer.weight_hh_l0.copy_(gain * uniform(200, 200, seed=1) * math.sqrt(3 / 200))
            layer.weight_ih_l0.fill_(0.0)
        x = torch.zeros(300, 1, 1, dtype=torch.float64)
        h0 = uniform(1, 1, 200, seed=2)
        (p,) = record(layer, lambda: layer(x, h0)[0].sum(-1)).passes
        return lyapunov(p, count=2).regime

    assert regime(0.8) == "contracting"
    assert regime(2.0) == "chaotic"


def test_the_exponent_equals_the_growth_of_a_perturbation() -> None:
    torch.manual_seed(3)
    layer = LSTM(2, 5, dtype=torch.float64)
    with torch.no_grad():
        for p in layer.parameters():
            p.mul_(3.0)
    x = uniform(400, 1, 2, seed=4, low=-2, high=2)
    (p,) = record(layer, lambda: layer(x)[0].sum(-1)).passes
    result = lyapunov(p, count=1, warm_up=100)
    state = [(s[100, 0], s[100, 0] + 1e-7 * uniform(5, seed=9)) for s in p.before]
    a, b = (tuple(s[i] for s in state) for i in (0, 1))
    growth = 0.0
    for t in range(100, 400):
        distance_before = math.dist(torch.cat(a), torch.cat(b))
        a, b = (p.cell.step(p.entered["a"][t, 0], s, p.parameters, {})[0] for s in (a, b))
        distance_after = math.dist(torch.cat(a), torch.cat(b))
        growth += math.log(distance_after / distance_before)
        b = tuple(u + (v - u) * 1e-7 / distance_after for u, v in zip(a, b, strict=True))
    assert result.exponents[0] == pytest.approx(growth / 300, abs=0.02)


def test_a_backward_layer_is_followed_from_the_last_step() -> None:
    problem = make_problem(case_named("elman-tanh"), layers=1, bidirectional=True)
    problem.x = uniform(60, 1, 3, seed=3)
    _, backward = problem.record().passes
    stack = problem.model.stack
    flipped = RNN(3, 4, dtype=torch.float64)
    reverse_weights = {
        n.removesuffix("_reverse"): p for n, p in stack.state_dict().items() if n.endswith("_reverse")
    }
    flipped.load_state_dict(reverse_weights)
    (expected,) = record(flipped, lambda: flipped(problem.x.flip(0))[0].sum(-1)).passes
    np.testing.assert_allclose(lyapunov(backward).exponents, lyapunov(expected).exponents, rtol=1e-9)


def test_large_states_give_the_same_exponents_without_jacobians(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = make_problem(case_named("lstm"), layers=1)
    problem.x = uniform(40, 1, 3, seed=3)
    (p,) = problem.record().passes
    expected = lyapunov(p, count=2)
    module = sys.modules["unrolled.diagnostics.lyapunov"]  # the function has the same name as the module
    monkeypatch.setattr(module, "LARGE_STATE", 0)
    monkeypatch.setattr(module, "jacobians", None)
    np.testing.assert_allclose(lyapunov(p, count=2).history, expected.history, rtol=1e-8)


def test_a_short_row_is_refused() -> None:
    p = make_problem(case_named("lstm"), ragged=True).record().passes[0]
    with pytest.raises(ShapeError, match=r"row 1 of stack.l0 has 2 steps, 0 of them warm-up: .* ten more"):
        lyapunov(p, row=1)
