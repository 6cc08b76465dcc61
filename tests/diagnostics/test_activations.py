"""Slopes, saturation, gates and states over time, checked against single rows, Jacobians and plain loops."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from made_pass import make_pass
from torch import Tensor

from brute import RAGGED, ROWS, Problem, make_problem
from numerics import CASES, Case, case_named, uniform
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.diagnostics.activation_saturation import Saturation, saturation
from unrolled.diagnostics.activation_trajectories import gate_trajectories, state_trajectories, time_constants
from unrolled.diagnostics.activations import activations, slopes
from unrolled.diagnostics.jacobian import jacobians
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.products import STEEPEST
from unrolled.diagnostics.recording import record
from unrolled.errors import ConfigError
from unrolled.layers import RecurrentDrop

TANH_OF_C = ("lstm", "lstm-no-bias", "lstm-projection", "lstm-peepholes")


def passes(problem: Problem) -> dict[str, Pass]:
    return {p.name: p for p in problem.record().passes}


def take_row(problem: Problem, row: int) -> Problem:
    return Problem(problem.model, problem.x[: problem.length(row), row : row + 1], None)


def record_layer(case: Case, **options: object) -> Pass:
    (p,) = make_problem(case, layers=1, **options).record().passes  # type: ignore[arg-type]
    return p


def sigmoid_pass(values: list[list[float]]) -> Pass:
    """A GRU pass with one row in which z has the given values (T, units)."""
    z = torch.tensor(values, dtype=torch.float64)[:, None]
    return make_pass(GRU(), torch.zeros_like(z), r=torch.full_like(z, 0.5), z=z, n=torch.zeros_like(z))


def find_by_name(results: tuple[Saturation, ...], name: str) -> Saturation:
    return next(f for f in results if f.name == name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_do_not_depend_on_the_batch(case: Case) -> None:
    problem = make_problem(case, bidirectional=True, ragged=True)
    single_rows = [passes(take_row(problem, row)) for row in range(ROWS)]
    for name, p in passes(problem).items():
        results = activations(p)
        assert results
        rows = p.live.nonzero()[:, 1].numpy()
        for row in range(ROWS):
            expected = activations(single_rows[row][name])
            assert [f.name for f in results] == [e.name for e in expected]
            for f, e in zip(results, expected, strict=True):
                np.testing.assert_allclose(f.values[rows == row], e.values, rtol=1e-12)
                np.testing.assert_allclose(f.slopes[rows == row], e.slopes, rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_slopes_equal_autograd(case: Case) -> None:
    inverse_functions = {"tanh": torch.atanh, "sigmoid": torch.logit, "relu": lambda v: v}
    p = record_layer(case, ragged=True)
    for result in activations(p):
        preactivations = inverse_functions[result.kind](torch.tensor(result.values)).requires_grad_()
        getattr(torch, result.kind)(preactivations).sum().backward()
        assert preactivations.grad is not None
        np.testing.assert_allclose(result.slopes, preactivations.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["elman-tanh", "elman-relu", "elman-sigmoid", "elman-no-bias"])
def test_the_jacobian_of_an_elman_network_is_slope_times_u(name: str) -> None:
    p = record_layer(case_named(name), bidirectional=False)
    positions = [tuple(position) for position in p.live.nonzero().tolist()]
    (hidden,) = activations(p)
    assert hidden.name == "hidden"
    expected = hidden.slopes[:, :, None] * p.parameters["weight_hh"].numpy()
    np.testing.assert_allclose(jacobians(p, positions).numpy(), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", ["jordan", "jordan-wide"])
def test_the_jacobian_of_a_jordan_network_includes_the_output_slope(name: str) -> None:
    p = record_layer(case_named(name), ragged=True)
    positions = [tuple(position) for position in p.live.nonzero().tolist()]
    hidden, output = activations(p)
    assert (hidden.name, output.name) == ("hidden", "output")
    v, u = (p.parameters[n].numpy() for n in ("weight_ho", "weight_hh"))
    expected = output.slopes[:, :, None] * (v @ (hidden.slopes[:, :, None] * u))
    np.testing.assert_allclose(jacobians(p, positions).numpy(), expected, rtol=1e-9, atol=1e-14)


def test_the_jacobian_of_an_lstm_includes_the_slope_of_tanh_c() -> None:
    p = record_layer(case_named("lstm"), ragged=True)
    positions = [tuple(position) for position in p.live.nonzero().tolist()]
    by_name = {a.name: a for a in activations(p)}
    factors = by_name["o"].values * by_name["tanh(c)"].slopes * by_name["f"].values
    results = jacobians(p, positions)[:, :4, 4:].numpy()
    np.testing.assert_allclose(results, factors[:, :, None] * np.eye(4), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_only_values_in_the_trace_are_reported(case: Case) -> None:
    names = {a.name for a in activations(record_layer(case))}
    assert ("tanh(c)" in names) == (case.name in TANH_OF_C)
    assert ("output" in names) == (case.name in ("jordan", "jordan-wide"))


def test_zoneout_hides_the_nonlinearities_before_it() -> None:
    drop = RecurrentDrop(zoneout=0.2)
    assert [a.name for a in activations(record_layer(case_named("jordan"), drop=drop))] == ["hidden"]
    drop = RecurrentDrop(zoneout_cell=0.2)
    assert [a.name for a in activations(record_layer(case_named("lstm"), drop=drop))] == list("ifgo")


@pytest.mark.parametrize("preactivation", [40.0, -300.0])
def test_slopes_of_large_preactivations_keep_their_precision(preactivation: float) -> None:
    values = torch.full((1, 1, 1), preactivation)
    for kind, expected in (
        ("tanh", 4 * np.exp(-2 * abs(preactivation))),
        ("sigmoid", np.exp(-abs(preactivation))),
    ):
        cell = Elman(nonlinearity=kind)  # type: ignore[arg-type]
        hidden = getattr(torch, kind)(values)
        (result,) = activations(make_pass(cell, hidden, preactivation=values, hidden=hidden))
        np.testing.assert_allclose(result.slopes, expected, rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_slope_statistics_cover_every_step_row_and_unit(case: Case) -> None:
    p = record_layer(case, ragged=True)
    for result, exact in zip(slopes(p), activations(p), strict=True):
        assert result.counts.sum() == exact.slopes.size == sum(RAGGED) * exact.values.shape[1]
        assert result.edges[0] == 0
        assert result.edges[-1] == STEEPEST[result.kind]
        assert result.mean == pytest.approx(exact.slopes.mean())
        assert [result.low, result.median, result.high] == pytest.approx(
            np.quantile(exact.slopes, (0.1, 0.5, 0.9))
        )
        assert result.largest == exact.slopes.max()
        np.testing.assert_allclose(result.unit_mean, exact.slopes.mean(0))


def test_slopes_are_counted_in_their_bins() -> None:
    (z,) = (s for s in slopes(sigmoid_pass([[0.5, 1.0, 0.0]])) if s.name == "z")
    assert z.counts[-1] == 1  # the largest slope, 1/4, is in the last bin
    assert z.counts[0] == 2
    assert z.counts.sum() == 3


def test_saturation_by_unit_and_side() -> None:
    z = find_by_name(saturation(sigmoid_pass([[0.05, 0.95, 0.05, 0.5], [0.2, 0.91, 0.95, 0.89]])), "z")
    np.testing.assert_array_equal(z.left, [0.5, 0, 0.5, 0])
    np.testing.assert_array_equal(z.right, [0, 1, 0.5, 0])
    assert z.always.tolist() == [1, 2]
    assert (z.share_left, z.share_right) == (0.25, 0.375)
    assert z.dead.size == 0


def test_tanh_saturates_at_the_same_fraction_of_its_range() -> None:
    hidden = torch.tensor([[[-0.81, -0.79, 0.0, 0.79, 0.81]]], dtype=torch.float64)
    p = make_pass(Elman(), hidden, preactivation=hidden.atanh(), hidden=hidden)
    (result,) = saturation(p)
    assert result.left.tolist() == [1, 0, 0, 0, 0]
    assert result.right.tolist() == [0, 0, 0, 0, 1]
    (strict,) = saturation(p, edge=0.005)
    assert strict.left.sum() == strict.right.sum() == 0


def test_dead_relu_units_ignore_padding() -> None:
    preactivations = torch.tensor(
        [[[-1.0, -1.0, 1.0], [-2.0, -1.0, 1.0]], [[-1.0, 3.0, 1.0], [5.0, -5.0, 1.0]]]
    )
    p = make_pass(
        Elman(nonlinearity="relu"),
        preactivations.relu(),
        preactivation=preactivations,
        hidden=preactivations.relu(),
    )
    p.live[1, 1] = False
    (result,) = saturation(p)
    assert result.dead.tolist() == result.always.tolist() == [0]
    assert result.constant.tolist() == [0, 2]
    np.testing.assert_allclose(result.left, [1, 2 / 3, 0])
    assert result.share_right == 0


def test_a_single_step_makes_no_unit_constant() -> None:
    assert find_by_name(saturation(sigmoid_pass([[0.3, 0.3]])), "z").constant.size == 0


@pytest.mark.parametrize("edge", [0.0, 0.5, -1.0])
def test_an_edge_outside_the_range_is_refused(edge: float) -> None:
    with pytest.raises(ConfigError, match=r"a fraction of the range between 0 and 0\.5"):
        saturation(sigmoid_pass([[0.3]]), edge=edge)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_curves_over_time_average_over_rows_that_have_not_ended(case: Case) -> None:
    problem = make_problem(case, bidirectional=True, ragged=True)
    for p in problem.record().passes:
        courses = {c.gate: c for c in gate_trajectories(p)}
        assert set(courses) == set(p.gates)
        norms = {c.state: c for c in state_trajectories(p)}
        for t in range(len(problem.x)):
            rows = [row for row in range(ROWS) if t < RAGGED[row]]
            for gate, course in courses.items():
                units = p.gates[gate][t, rows].mean(0)
                assert course.mean[t] == pytest.approx(float(units.mean()))
                assert course.median[t] == pytest.approx(float(units.quantile(0.5)))
                assert course.low[t] == pytest.approx(float(units.quantile(0.1)))
                assert course.high[t] == pytest.approx(float(units.quantile(0.9)))
            for state, norm_course in norms.items():
                state_norms = p.states[state][t, rows].norm(dim=-1)
                assert norm_course.mean[t] == pytest.approx(float(state_norms.mean()))
                assert norm_course.median[t] == pytest.approx(float(state_norms.quantile(0.5)))
                assert norm_course.high[t] == pytest.approx(float(state_norms.quantile(0.9)))


def test_steps_after_all_rows_are_nan() -> None:
    problem = make_problem(case_named("gru-after"))
    problem.lengths = [4, 2, 3]
    (p, _) = problem.record().passes
    for course in (*gate_trajectories(p), *state_trajectories(p)):
        np.testing.assert_array_equal(np.isnan(course.mean), [False] * 4 + [True] * 2)


def test_constant_states_ignore_padding() -> None:
    h = torch.tensor([[[0.5, 0.1]], [[0.5, 0.2]], [[0.0, 0.0]]])
    p = make_pass(GRU(), h, z=h)
    p.live[2] = False
    (course,) = state_trajectories(p)
    assert course.constant.tolist() == [0]


def test_curves_over_time_ignore_padding() -> None:
    h = torch.tensor([[[3.0, 4.0], [6.0, 8.0]], [[3.0, 4.0], [np.nan, 1e9]]])
    p = make_pass(GRU(), h, z=h)
    p.live[1, 1] = False
    assert state_trajectories(p)[0].mean.tolist() == [7.5, 5.0]
    assert gate_trajectories(p)[0].mean.tolist() == [5.25, 3.5]


def test_the_time_constant_is_when_the_product_of_gates_is_one_over_e() -> None:
    keep = np.exp(-1 / 20)
    results = time_constants(sigmoid_pass([[keep, 0.0, 1.0, 0.25], [keep, 0.0, 1.0, 0.75]]))
    assert results is not None
    assert results.gate == "z"
    assert results.steps[0] == pytest.approx(20)
    assert results.steps[1:3].tolist() == [0.0, np.inf]
    assert results.steps[3] == pytest.approx(1 / np.log(2))
    assert results.quantiles == (0.0, results.steps[3], np.inf)


@pytest.mark.parametrize(("name", "gate"), [("lstm-everything", "f"), ("gru-before", "z")])
def test_the_time_constant_uses_the_gate_that_keeps_the_state(name: str, gate: str) -> None:
    p = record_layer(case_named(name), ragged=True)
    results = time_constants(p)
    assert results is not None
    assert results.gate == gate
    np.testing.assert_allclose(results.mean_gate, p.gates[gate][p.live].mean(0).numpy())


@pytest.mark.parametrize("cell", [Elman(), Jordan()])
def test_cells_without_such_a_gate_have_no_time_constant(cell: Cell) -> None:
    assert time_constants(record_layer(Case("plain", cell))) is None


@dataclass(frozen=True, kw_only=True)
class Leaky(Cell):
    """A custom cell with a new gate, and a value in its trace that is not a gate."""

    gate_names: ClassVar[tuple[str, ...]] = ("k",)

    def step(self, a: Tensor, state: tuple, p: dict, masks: dict) -> tuple:
        (h,) = state
        k = torch.sigmoid(a + self.recur(h, p))
        return (k * h + (1 - k) * a.sin(),), {
            "k": k,
            "i": a.sin(),
            "odd": k.sum(-1),
        }


@dataclass(frozen=True, kw_only=True)
class LSTMWithChangedStep(LSTM):
    def step(self, a: Tensor, state: tuple, p: dict, masks: dict) -> tuple:
        new, gates = super().step(a, state, p, masks)
        return new, {name: 3 * gate for name, gate in gates.items()}


@dataclass(frozen=True, kw_only=True)
class LSTMWithChangedInitialisation(LSTM):
    def initialise(self, p: dict) -> None:
        super().initialise(p)


@pytest.mark.parametrize("cell", [Leaky(), LSTMWithChangedStep()])
def test_custom_cells_report_only_their_gates_and_states(cell: Cell) -> None:
    p = record_layer(Case("own", cell))
    assert activations(p) == slopes(p) == saturation(p) == ()
    assert time_constants(p) is None
    assert {c.gate for c in gate_trajectories(p)} == set(p.gates) - {"odd"}
    assert {c.state for c in state_trajectories(p)} == set(p.states)


def test_a_subclass_with_the_same_step_is_fully_reported() -> None:
    p = record_layer(Case("own", LSTMWithChangedInitialisation()))
    assert [a.name for a in activations(p)] == list("ifgo")
    assert time_constants(p) is not None


def test_torch_layers_are_reported() -> None:
    layer = torch.nn.GRU(3, 4)
    x = uniform(5, 2, 3, seed=2, dtype=torch.float32)
    recording = record(layer, lambda: layer(x)[0].square().sum(-1))
    (p,) = recording.passes
    assert [s.name for s in saturation(p)] == ["r", "z", "n"]
