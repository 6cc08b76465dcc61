"""Jacobians ∂state_t/∂state_{t−1}, their spectra, and their products over a distance."""

import math

import numpy as np
import pytest
import torch

from brute import Problem, make_problem
from numerics import CASES, Case, case_named, generator, uniform
from unrolled.cells import Elman
from unrolled.diagnostics.jacobian import jacobians, sample_places, spectra
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.products import log_spaced, products
from unrolled.diagnostics.recording import record
from unrolled.errors import ConfigError
from unrolled.layers import LSTM, RNN


def differentiate_numerically(p: Pass, step: int, row: int) -> torch.Tensor:
    """Return the Jacobian by central differences of the cell's step."""
    previous = [s[step, row] for s in p.before]
    sizes = [len(s) for s in previous]
    columns = []
    for unit in torch.eye(sum(sizes), dtype=torch.float64):
        perturbed = []
        for sign in (1, -1):
            state = tuple((torch.cat(previous) + sign * 1e-6 * unit).split(sizes))
            next_state, _ = p.cell.step(p.entered["a"][step, row], state, p.parameters, p.masks)
            perturbed.append(torch.cat(next_state))
        columns.append((perturbed[0] - perturbed[1]) / 2e-6)
    return torch.stack(columns, 1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_jacobians_equal_finite_differences(case: Case) -> None:
    recording = make_problem(case, bidirectional=True, ragged=True).record()
    for p in recording.passes:
        positions = [(0, 0), (1, 1), (3, 2)]
        for position, computed in zip(positions, jacobians(p, positions), strict=True):
            torch.testing.assert_close(
                computed, differentiate_numerically(p, *position), rtol=1e-5, atol=1e-6
            )


def test_the_jacobian_of_an_elman_network_by_formula() -> None:
    recording = make_problem(case_named("elman-tanh"), layers=1).record()
    (p,) = recording.passes
    h = p.states["h"][2, 1]
    (computed,) = jacobians(p, [(2, 1)])
    torch.testing.assert_close(computed, torch.diag(1 - h**2) @ p.parameters["weight_hh"])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["elman-sigmoid", "lstm-peepholes", "gru-before", "jordan-narrow"])
def test_products_equal_derivatives_of_the_loop(name: str, bidirectional: bool) -> None:
    """Compare with autograd through the complete loop."""
    problem = make_problem(case_named(name), ragged=True, layers=1, bidirectional=bidirectional)
    recording = problem.record()
    for p in recording.passes:
        for row in range(3):
            path = p.steps_of(row)
            computed = products(p, [(path[-1], row)])
            for n, value in zip(computed.distances, computed.log_norm[0], strict=True):
                expected = state_derivative(p, row, path[len(path) - n :])
                norm = float(torch.linalg.matrix_norm(expected, 2))
                assert value == pytest.approx(math.log(norm), rel=1e-9)


def state_derivative(p: Pass, row: int, path: list[int]) -> torch.Tensor:
    sizes = [s.shape[-1] for s in p.before]

    def run(start: torch.Tensor) -> torch.Tensor:
        state = start.split(sizes)
        for t in path:
            state, _ = p.cell.step(p.entered["a"][t, row], state, p.parameters, p.masks)
        return torch.cat(state)

    start = torch.cat([s[path[0], row] for s in p.before])
    return torch.autograd.functional.jacobian(run, start)


def test_products_are_bounded_by_the_product_of_norms() -> None:
    problem = make_problem(case_named("lstm"), bidirectional=True)
    for p in problem.record().passes:
        computed = products(p, sample_places(p, 6))
        is_measured = ~np.isnan(computed.log_norm)
        assert is_measured.any()
        assert (computed.log_norm[is_measured] <= computed.log_bound[is_measured] + 1e-9).all()
        np.testing.assert_allclose(computed.log_norm[:, 0], computed.log_bound[:, 0], rtol=1e-9)
        np.testing.assert_allclose(
            computed.log_norm[:, 0], np.log(spectra(p, computed.places).norm), rtol=1e-9
        )


def make_textbook_pass(u: float, slope: float, steps: int) -> Pass:
    """A sigmoid or ReLU network with U = u·I, with inputs that give the same σ′ at every step and unit."""
    size = 3
    layer = RNN(1, size, nonlinearity="relu" if slope == 1 else "sigmoid", dtype=torch.float64)
    if slope == 1:
        preactivation = 1.0
    else:  # σ′ = s(1 − s)
        s = (1 + math.sqrt(1 - 4 * slope)) / 2
        preactivation = math.log(s / (1 - s))
    with torch.no_grad():
        for w in layer.parameters():
            w.zero_()
        layer.weight_hh_l0.copy_(u * torch.eye(size))
        layer.weight_ih_l0.fill_(1.0)
    h, inputs = torch.zeros(size, dtype=torch.float64), []
    for _ in range(steps):  # the input that keeps a_t constant
        if slope == 1:
            inputs.append(preactivation)
            continue
        inputs.append(float(preactivation - u * h[0]))
        h = torch.full((size,), 1 / (1 + math.exp(-preactivation)), dtype=torch.float64)
    x = torch.tensor(inputs, dtype=torch.float64)[:, None, None]
    return record(layer, lambda: layer(x)[0].sum(-1)).passes[0]


def test_textbook_example_of_vanishing() -> None:
    """‖U‖ = 0.7 and σ′ = 0.2 over ten steps: 0.14^10 = 2.89e-9."""
    p = make_textbook_pass(0.7, 0.2, 10)
    computed = products(p, [(9, 0)])
    assert computed.distances[-1] == 10
    assert math.exp(computed.log_norm[0, -1]) == pytest.approx(2.89e-9, rel=2e-3)
    assert math.exp(computed.log_norm[0, -1]) == pytest.approx(0.14**10, rel=1e-9)
    # The a priori bound only uses σ′ ≤ 1/4: (0.7/4)^10.
    assert math.exp(10 * computed.log_a_priori) == pytest.approx((0.7 / 4) ** 10, rel=1e-9)


def test_textbook_example_of_exploding() -> None:
    """‖U‖ = 2 and σ′ = 1: 2^10."""
    computed = products(make_textbook_pass(2.0, 1, 10), [(9, 0)])
    assert math.exp(computed.log_norm[0, -1]) == pytest.approx(1024, rel=1e-9)
    assert math.exp(computed.log_a_priori) == pytest.approx(2)


def test_long_products_do_not_underflow() -> None:
    computed = products(make_textbook_pass(0.7, 0.2, 600), [(599, 0)])
    assert computed.log_norm[0, -1] == pytest.approx(600 * math.log(0.14), rel=1e-7)  # 1e-512


def test_a_zero_product_has_log_norm_minus_infinity() -> None:
    layer = RNN(1, 2, nonlinearity="relu", dtype=torch.float64)
    with torch.no_grad():
        layer.bias_ih_l0.fill_(-100.0)
    x = torch.zeros(6, 1, 1, dtype=torch.float64)
    (p,) = record(layer, lambda: layer(x)[0].sum(-1)).passes
    computed = products(p, [(5, 0)])
    assert computed.log_norm[0].tolist() == [-math.inf] * len(computed.distances)


def test_large_states_have_the_same_norms() -> None:
    """Above 64 units the largest singular value comes from Lanczos iterations."""
    torch.manual_seed(0)
    layer = LSTM(3, 40, dtype=torch.float64)
    x = uniform(30, 2, 3, seed=2)
    (p,) = record(layer, lambda: layer(x)[0].square().sum(-1)).passes
    computed = products(p, [(29, 1)])
    expected = torch.eye(80, dtype=torch.float64)
    by_distance = []
    for step in range(29, -1, -1):
        expected = expected @ jacobians(p, [(step, 1)])[0]
        by_distance.append(math.log(torch.linalg.matrix_norm(expected, 2)))
    np.testing.assert_allclose(
        computed.log_norm[0], [by_distance[n - 1] for n in computed.distances], rtol=1e-8
    )


def test_spectra_equal_numpy() -> None:
    recording = make_problem(case_named("gru-after")).record()
    p = recording.find("stack.l1")
    positions = sample_places(p, 5)
    computed = spectra(p, positions)
    for j, singular, radius in zip(jacobians(p, positions), computed.singular, computed.radius, strict=True):
        np.testing.assert_allclose(singular, np.linalg.svd(j.numpy())[1], rtol=1e-9)
        assert radius == pytest.approx(max(abs(np.linalg.eigvals(j.numpy()))))
    assert (computed.radius <= computed.norm + 1e-12).all()


@pytest.mark.parametrize("count", [1, 5, 64])
def test_sampled_positions_are_valid_and_distinct(count: int) -> None:
    p = make_problem(case_named("lstm"), ragged=True).record().passes[0]
    positions = sample_places(p, count)
    assert len(set(positions)) == len(positions) <= count
    assert all(bool(p.live[position]) for position in positions)
    assert positions == sample_places(p, count)
    with pytest.raises(ConfigError, match=r"samples=0: must be at least 1"):
        sample_places(p, 0)


def test_distances_are_log_spaced() -> None:
    assert log_spaced(12).tolist() == [1, 2, 3, 4, 6, 8, 11, 12]
    assert log_spaced(1).tolist() == [1]
    assert log_spaced(4).tolist() == [1, 2, 3, 4]


def test_only_a_plain_elman_network_has_an_a_priori_bound() -> None:
    def bound_of(name: str, **options) -> float | None:
        problem: Problem = make_problem(case_named(name), layers=1, **options)
        p = problem.record().passes[0]
        return products(p, [(3, 0)]).log_a_priori

    layer = make_problem(case_named("elman-tanh"), layers=1).model.stack
    expected = math.log(torch.linalg.matrix_norm(layer.weight_hh_l0.detach(), 2))
    assert bound_of("elman-tanh") == pytest.approx(expected)
    assert bound_of("elman-layer-norm") is None
    assert bound_of("jordan") is None
    assert bound_of("lstm") is None
    assert bound_of("elman-tanh", skip=2) is None


def test_jacobians_of_a_custom_cell() -> None:
    class Leaky(Elman):
        """h_t = (h_{t−1} + tanh(a_t + U h_{t−1})) / 2"""

        def step(self, a, state, p, masks):
            (next_state,), gates = super().step(a, state, p, masks)
            return ((state[0] + next_state) / 2,), gates

    layer = RNN(2, 3, cell=Leaky(), dtype=torch.float64)
    x = torch.randn(4, 1, 2, dtype=torch.float64, generator=generator(0))
    (p,) = record(layer, lambda: layer(x)[0].sum(-1)).passes
    torch.testing.assert_close(
        jacobians(p, [(2, 0)])[0], differentiate_numerically(p, 2, 0), rtol=1e-6, atol=1e-8
    )
