"""Slopes, saturation, gates and states over time against rows alone, step Jacobians and plain loops."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from made_pass import pass_of
from torch import Tensor

from brute import RAGGED, ROWS, Problem, make_problem
from numerics import CASES, Case, case_named, uniform
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.diagnostics.activation_courses import gate_courses, state_courses, time_constants
from unrolled.diagnostics.activation_saturation import Saturation, saturation
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


def row_alone(problem: Problem, row: int) -> Problem:
    return Problem(problem.model, problem.x[: problem.length(row), row : row + 1], None)


def only_layer(case: Case, **options: object) -> Pass:
    (p,) = make_problem(case, layers=1, **options).record().passes  # type: ignore[arg-type]
    return p


def sigmoid_pass(values: list[list[float]]) -> Pass:
    """A GRU of which z takes the values (T, units) in its one row."""
    z = torch.tensor(values, dtype=torch.float64)[:, None]
    return pass_of(GRU(), torch.zeros_like(z), r=torch.full_like(z, 0.5), z=z, n=torch.zeros_like(z))


def of(found: tuple[Saturation, ...], name: str) -> Saturation:
    return next(f for f in found if f.name == name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_gives_what_it_gives_alone(case: Case) -> None:
    problem = make_problem(case, bidirectional=True, ragged=True)
    alone = [passes(row_alone(problem, row)) for row in range(ROWS)]
    for name, p in passes(problem).items():
        found = activations(p)
        assert found
        rows = p.live.nonzero()[:, 1].numpy()
        for row in range(ROWS):
            expected = activations(alone[row][name])
            assert [f.name for f in found] == [e.name for e in expected]
            for f, e in zip(found, expected, strict=True):
                np.testing.assert_allclose(f.values[rows == row], e.values, rtol=1e-12)
                np.testing.assert_allclose(f.slopes[rows == row], e.slopes, rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_slopes_are_the_derivatives_that_autograd_finds(case: Case) -> None:
    inverse = {"tanh": torch.atanh, "sigmoid": torch.logit, "relu": lambda v: v}
    p = only_layer(case, ragged=True)
    for one in activations(p):
        a = inverse[one.kind](torch.tensor(one.values)).requires_grad_()
        getattr(torch, one.kind)(a).sum().backward()
        assert a.grad is not None
        np.testing.assert_allclose(one.slopes, a.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["elman-tanh", "elman-relu", "elman-sigmoid", "elman-no-bias"])
def test_the_jacobian_of_elmans_network_is_the_slope_times_u(name: str) -> None:
    p = only_layer(case_named(name), bidirectional=False)
    places = [tuple(place) for place in p.live.nonzero().tolist()]
    (hidden,) = activations(p)
    assert hidden.name == "hidden"
    expected = hidden.slopes[:, :, None] * p.parameters["weight_hh"].numpy()
    np.testing.assert_allclose(jacobians(p, places).numpy(), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", ["jordan", "jordan-wide"])
def test_that_of_jordans_network_has_the_slope_of_the_output_too(name: str) -> None:
    p = only_layer(case_named(name), ragged=True)
    places = [tuple(place) for place in p.live.nonzero().tolist()]
    hidden, output = activations(p)
    assert (hidden.name, output.name) == ("hidden", "output")
    v, u = (p.parameters[n].numpy() for n in ("weight_ho", "weight_hh"))
    expected = output.slopes[:, :, None] * (v @ (hidden.slopes[:, :, None] * u))
    np.testing.assert_allclose(jacobians(p, places).numpy(), expected, rtol=1e-9, atol=1e-14)


def test_in_an_lstm_the_old_cell_reaches_the_output_through_the_slope_of_tanh_c() -> None:
    p = only_layer(case_named("lstm"), ragged=True)
    places = [tuple(place) for place in p.live.nonzero().tolist()]
    by_name = {a.name: a for a in activations(p)}
    through = by_name["o"].values * by_name["tanh(c)"].slopes * by_name["f"].values
    found = jacobians(p, places)[:, :4, 4:].numpy()
    np.testing.assert_allclose(found, through[:, :, None] * np.eye(4), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_only_what_the_trace_holds_is_told(case: Case) -> None:
    names = {a.name for a in activations(only_layer(case))}
    assert ("tanh(c)" in names) == (case.name in TANH_OF_C)
    assert ("output" in names) == (case.name in ("jordan", "jordan-wide"))


def test_zoneout_hides_the_nonlinearities_before_it() -> None:
    drop = RecurrentDrop(zoneout=0.2)
    assert [a.name for a in activations(only_layer(case_named("jordan"), drop=drop))] == ["hidden"]
    drop = RecurrentDrop(zoneout_cell=0.2)
    assert [a.name for a in activations(only_layer(case_named("lstm"), drop=drop))] == list("ifgo")


@pytest.mark.parametrize("a", [40.0, -300.0])
def test_slopes_far_out_keep_their_digits(a: float) -> None:
    values = torch.full((1, 1, 1), a)
    for kind, expected in (("tanh", 4 * np.exp(-2 * abs(a))), ("sigmoid", np.exp(-abs(a)))):
        cell = Elman(nonlinearity=kind)  # type: ignore[arg-type]
        hidden = getattr(torch, kind)(values)
        (one,) = activations(pass_of(cell, hidden, preactivation=values, hidden=hidden))
        np.testing.assert_allclose(one.slopes, expected, rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_distribution_counts_every_step_row_and_unit(case: Case) -> None:
    p = only_layer(case, ragged=True)
    for one, exact in zip(slopes(p), activations(p), strict=True):
        assert one.counts.sum() == exact.slopes.size == sum(RAGGED) * exact.values.shape[1]
        assert one.edges[0] == 0
        assert one.edges[-1] == STEEPEST[one.kind]
        assert one.mean == pytest.approx(exact.slopes.mean())
        assert [one.low, one.median, one.high] == pytest.approx(np.quantile(exact.slopes, (0.1, 0.5, 0.9)))
        assert one.largest == exact.slopes.max()
        np.testing.assert_allclose(one.unit_mean, exact.slopes.mean(0))


def test_the_histogram_has_each_slope_in_its_bin() -> None:
    (z,) = (s for s in slopes(sigmoid_pass([[0.5, 1.0, 0.0]])) if s.name == "z")
    assert z.counts[-1] == 1  # 1/4, the steepest, belongs to the last
    assert z.counts[0] == 2
    assert z.counts.sum() == 3


def test_saturation_is_told_for_each_unit_and_side() -> None:
    z = of(saturation(sigmoid_pass([[0.05, 0.95, 0.05, 0.5], [0.2, 0.91, 0.95, 0.89]])), "z")
    np.testing.assert_array_equal(z.left, [0.5, 0, 0.5, 0])
    np.testing.assert_array_equal(z.right, [0, 1, 0.5, 0])
    assert z.always.tolist() == [1, 2]
    assert (z.share_left, z.share_right) == (0.25, 0.375)
    assert z.dead.size == 0


def test_tanh_is_saturated_at_the_same_share_of_its_steepest_slope() -> None:
    hidden = torch.tensor([[[-0.81, -0.79, 0.0, 0.79, 0.81]]], dtype=torch.float64)
    p = pass_of(Elman(), hidden, preactivation=hidden.atanh(), hidden=hidden)
    (one,) = saturation(p)
    assert one.left.tolist() == [1, 0, 0, 0, 0]
    assert one.right.tolist() == [0, 0, 0, 0, 1]
    (strict,) = saturation(p, edge=0.005)
    assert strict.left.sum() == strict.right.sum() == 0


def test_dead_relu_units_are_those_never_above_zero_where_rows_are_not_padding() -> None:
    a = torch.tensor([[[-1.0, -1.0, 1.0], [-2.0, -1.0, 1.0]], [[-1.0, 3.0, 1.0], [5.0, -5.0, 1.0]]])
    p = pass_of(Elman(nonlinearity="relu"), a.relu(), preactivation=a, hidden=a.relu())
    p.live[1, 1] = False
    (one,) = saturation(p)
    assert one.dead.tolist() == one.always.tolist() == [0]
    assert one.constant.tolist() == [0, 2]
    np.testing.assert_allclose(one.left, [1, 2 / 3, 0])
    assert one.share_right == 0


def test_one_step_alone_makes_no_unit_constant() -> None:
    assert of(saturation(sigmoid_pass([[0.3, 0.3]])), "z").constant.size == 0


@pytest.mark.parametrize("edge", [0.0, 0.5, -1.0])
def test_an_edge_that_is_no_share_of_the_range_is_refused(edge: float) -> None:
    with pytest.raises(ConfigError, match=r"a fraction of the range between 0 and 0\.5"):
        saturation(sigmoid_pass([[0.3]]), edge=edge)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_courses_are_means_over_the_rows_that_are_still_there(case: Case) -> None:
    problem = make_problem(case, bidirectional=True, ragged=True)
    for p in problem.record().passes:
        courses = {c.gate: c for c in gate_courses(p)}
        assert set(courses) == set(p.gates)
        norms = {c.state: c for c in state_courses(p)}
        for t in range(len(problem.x)):
            rows = [row for row in range(ROWS) if t < RAGGED[row]]
            for gate, course in courses.items():
                units = p.gates[gate][t, rows].mean(0)
                assert course.mean[t] == pytest.approx(float(units.mean()))
                assert course.median[t] == pytest.approx(float(units.quantile(0.5)))
                assert course.low[t] == pytest.approx(float(units.quantile(0.1)))
                assert course.high[t] == pytest.approx(float(units.quantile(0.9)))
            for state, course_of_norm in norms.items():
                each = p.states[state][t, rows].norm(dim=-1)
                assert course_of_norm.mean[t] == pytest.approx(float(each.mean()))
                assert course_of_norm.median[t] == pytest.approx(float(each.quantile(0.5)))
                assert course_of_norm.high[t] == pytest.approx(float(each.quantile(0.9)))


def test_steps_that_no_row_has_are_not_numbers() -> None:
    problem = make_problem(case_named("gru-after"))
    problem.lengths = [4, 2, 3]
    (p, _) = problem.record().passes
    for course in (*gate_courses(p), *state_courses(p)):
        np.testing.assert_array_equal(np.isnan(course.mean), [False] * 4 + [True] * 2)


def test_a_constant_state_is_found_in_spite_of_padding() -> None:
    h = torch.tensor([[[0.5, 0.1]], [[0.5, 0.2]], [[0.0, 0.0]]])
    p = pass_of(GRU(), h, z=h)
    p.live[2] = False
    (course,) = state_courses(p)
    assert course.constant.tolist() == [0]


def test_what_stands_in_the_padding_does_not_count() -> None:
    h = torch.tensor([[[3.0, 4.0], [6.0, 8.0]], [[3.0, 4.0], [np.nan, 1e9]]])
    p = pass_of(GRU(), h, z=h)
    p.live[1, 1] = False
    assert state_courses(p)[0].mean.tolist() == [7.5, 5.0]
    assert gate_courses(p)[0].mean.tolist() == [5.25, 3.5]


def test_the_time_constant_is_when_a_product_of_gates_is_1_over_e() -> None:
    keep = np.exp(-1 / 20)
    found = time_constants(sigmoid_pass([[keep, 0.0, 1.0, 0.25], [keep, 0.0, 1.0, 0.75]]))
    assert found is not None
    assert found.gate == "z"
    assert found.steps[0] == pytest.approx(20)
    assert found.steps[1:3].tolist() == [0.0, np.inf]
    assert found.steps[3] == pytest.approx(1 / np.log(2))
    assert found.quantiles == (0.0, found.steps[3], np.inf)


@pytest.mark.parametrize(("name", "gate"), [("lstm-everything", "f"), ("gru-before", "z")])
def test_it_comes_from_the_gate_that_keeps_the_state(name: str, gate: str) -> None:
    p = only_layer(case_named(name), ragged=True)
    found = time_constants(p)
    assert found is not None
    assert found.gate == gate
    np.testing.assert_allclose(found.mean_gate, p.gates[gate][p.live].mean(0).numpy())


@pytest.mark.parametrize("cell", [Elman(), Jordan()])
def test_cells_without_such_a_gate_have_none(cell: Cell) -> None:
    assert time_constants(only_layer(Case("plain", cell))) is None


@dataclass(frozen=True, kw_only=True)
class Leaky(Cell):
    """A user's cell, with a gate of its own and something in the trace that is no gate at all."""

    gate_names: ClassVar[tuple[str, ...]] = ("k",)

    def step(self, a: Tensor, state: tuple, p: dict, masks: dict) -> tuple:
        (h,) = state
        k = torch.sigmoid(a + self.recur(h, p))
        return (k * h + (1 - k) * a.sin(),), {"k": k, "i": a.sin(), "odd": k.sum(-1)}


@dataclass(frozen=True, kw_only=True)
class OwnStep(LSTM):
    def step(self, a: Tensor, state: tuple, p: dict, masks: dict) -> tuple:
        new, gates = super().step(a, state, p, masks)
        return new, {name: 3 * gate for name, gate in gates.items()}


@dataclass(frozen=True, kw_only=True)
class OwnStart(LSTM):
    def initialise(self, p: dict) -> None:
        super().initialise(p)


@pytest.mark.parametrize("cell", [Leaky(), OwnStep()])
def test_of_a_users_cell_only_what_is_known_is_told(cell: Cell) -> None:
    p = only_layer(Case("own", cell))
    assert activations(p) == slopes(p) == saturation(p) == ()
    assert time_constants(p) is None
    assert {c.gate for c in gate_courses(p)} == set(p.gates) - {"odd"}
    assert {c.state for c in state_courses(p)} == set(p.states)


def test_a_cell_that_changes_no_step_is_known() -> None:
    p = only_layer(Case("own", OwnStart()))
    assert [a.name for a in activations(p)] == list("ifgo")
    assert time_constants(p) is not None


def test_layers_of_torch_are_told_as_ours() -> None:
    layer = torch.nn.GRU(3, 4)
    x = uniform(5, 2, 3, seed=2, dtype=torch.float32)
    recording = record(layer, lambda: layer(x)[0].square().sum(-1))
    (p,) = recording.passes
    assert [s.name for s in saturation(p)] == ["r", "z", "n"]
