"""The loop: traces, direction, carried state, and skip connections through time."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import grad

from formulas import FUNCTIONS, plus, product
from numerics import CASES, Case, all_masks, assert_all_close, case_named, make_problem
from unrolled import unroll
from unrolled.cells import GRU, LSTM, Elman, Jordan
from unrolled.errors import ShapeError

# Cells that are not listed have tests in their own files.
TRACE_NAMES = {
    Elman: {"preactivation", "hidden", "h"},
    Jordan: {"preactivation", "hidden", "h"},
    LSTM: {"i", "f", "g", "o", "h", "c"},
    GRU: {"r", "z", "n", "h"},
}


def shift_by_one(values: Tensor, first: Tensor) -> Tensor:
    """Return the values of the step before each step."""
    return torch.cat([first[None], values[:-1]])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_loop_repeats_the_step(case: Case) -> None:
    problem = make_problem(case, steps=5)
    result = problem.run()
    state = problem.state
    for t in range(5):
        a = case.cell.project(problem.x[t], problem.p)
        state, _ = case.cell.step(a, state, problem.p, {})
        assert_all_close([result.y[t]], [state[0]])
    assert_all_close(result.state, state)
    assert result.past is None
    assert result.trace == {}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_trace_satisfies_the_equations(case: Case, reverse: bool) -> None:
    problem = make_problem(case, steps=5)
    result = problem.run(trace=True, reverse=reverse)
    trace = {name: value.flip(0) if reverse else value for name, value in result.trace.items()}
    declared = {*case.cell.state_names, *(a.value for a in case.cell.gate_activations)}
    assert set(trace) == TRACE_NAMES.get(type(case.cell), set(trace) | declared)
    assert all(value.shape[:2] == (5, 3) for value in trace.values())
    assert torch.equal(result.trace["h"], result.y)
    for name, final in zip(case.cell.state_names, result.state, strict=True):
        assert torch.equal(trace[name][-1], final)
    p = problem.p
    if isinstance(case.cell, LSTM):
        c_before = shift_by_one(trace["c"], problem.state[1])
        expected_c = trace["f"] * c_before + trace["i"] * trace["g"]
        normalised_c = expected_c
        if case.cell.layer_norm:
            centred = expected_c - expected_c.mean(-1, keepdim=True)
            variance = centred.square().mean(-1, keepdim=True)
            normalised_c = centred / (variance + 1e-5).sqrt() * p["weight_ln_c"] + p["bias_ln_c"]
        h = trace["o"] * normalised_c.tanh()
        if case.proj_size:
            h = h @ p["weight_hr"].T
        assert_all_close([trace["c"], trace["h"]], [expected_c, h])
    elif isinstance(case.cell, GRU):
        h_before = shift_by_one(trace["h"], problem.state[0])
        assert_all_close([trace["h"]], [(1 - trace["z"]) * trace["n"] + trace["z"] * h_before])
    elif isinstance(case.cell, Elman):
        nonlinearity = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
        hidden = nonlinearity[case.cell.nonlinearity](trace["preactivation"])
        assert_all_close([trace["hidden"]], [hidden])
        if isinstance(case.cell, Jordan):
            bias = p.get("bias_ho", torch.zeros(1, dtype=hidden.dtype))
            y = hidden @ p["weight_ho"].T + bias
            f = case.cell.output_nonlinearity
            assert_all_close([trace["h"]], [y if f == "identity" else nonlinearity[f](y)])
        else:
            assert_all_close([trace["h"]], [hidden])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tracing_does_not_change_the_results(case: Case) -> None:
    problem = all_masks(make_problem(case, steps=4, skip=2))
    plain, traced = problem.run(), problem.run(trace=True)
    assert torch.equal(plain.y, traced.y)
    for a, b in zip(plain.state, traced.state, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("skip", [0, 2])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_reverse_equals_flipping_input_and_output(case: Case, skip: int) -> None:
    problem = make_problem(case, steps=5, skip=skip)
    backward = problem.run(reverse=True, trace=True)
    flipped = problem.of([problem.x.flip(0), *problem.leaves[1:]]).run(trace=True)
    assert torch.equal(backward.y, flipped.y.flip(0))
    assert_all_close(backward.state, flipped.state)
    for name, value in flipped.trace.items():
        assert torch.equal(backward.trace[name], value.flip(0)), name
    if skip:
        assert torch.equal(backward.past, flipped.past)  # type: ignore[arg-type]
    # the last step is read first, so it does not depend on the first
    (gradient,) = grad(backward.y[-1].sum(), problem.x)
    assert (gradient[:-1] == 0).all()
    assert (gradient[-1] != 0).any()


@pytest.mark.thin(13)
@pytest.mark.parametrize("skip", [0, 2, 3])
@pytest.mark.parametrize("first", [1, 2, 5])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_carrying_the_state_equals_one_pass(case: Case, first: int, skip: int) -> None:
    problem = make_problem(case, steps=6, skip=skip)
    full = problem.run()
    options = {"skip": skip}
    first_part = unroll(case.cell, problem.x[:first], problem.state, problem.p, **options)
    second_part = unroll(
        case.cell, problem.x[first:], first_part.state, problem.p, past=first_part.past, **options
    )
    assert_all_close([torch.cat([first_part.y, second_part.y])], [full.y])
    assert_all_close(second_part.state, full.state)
    if skip:
        assert full.past is not None
        assert_all_close([second_part.past], [full.past])
        assert_all_close([full.past], [full.y[-skip:]])
    # the gradient also flows from the second part into the first
    leaves = problem.leaves
    assert_all_close(
        grad(torch.cat([first_part.y, second_part.y]).square().sum(), leaves),
        grad(full.y.square().sum(), leaves),
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_carrying_ragged_rows(case: Case) -> None:
    """Rows of lengths 5, 3, 4 in one pass, or 2, 1, 3 steps first and then the remaining ones."""
    problem = make_problem(case, steps=5, skip=2)
    full = problem.run(lengths=[5, 3, 4])
    first_part = problem.run(lengths=[2, 1, 3])
    remaining_x = torch.zeros(3, 3, 2, dtype=torch.float64)
    for b, (begin, end) in enumerate([(2, 5), (1, 3), (3, 4)]):
        remaining_x[: end - begin, b] = problem.x[begin:end, b]
    second_part = unroll(
        case.cell, remaining_x, first_part.state, problem.p, skip=2, past=first_part.past, lengths=[3, 2, 1]
    )
    assert_all_close(second_part.state, full.state)
    assert_all_close([second_part.past], [full.past])


def skip_by_hand(
    x: list[float], w: float, u: float, k: float, b: float, first: float, distance: int
) -> list[float]:
    """Return h_t = tanh(w x_t + u h_{t-1} + k h_{t-distance} + b) of one unit, from h_{-1} = first."""
    h = {-1: first}
    for t, x_t in enumerate(x):
        skipped_h = h.get(t - distance, 0.0)
        h[t] = math.tanh(w * x_t + u * h[t - 1] + k * skipped_h + b)
    return [h[t] for t in range(len(x))]


@pytest.mark.parametrize("distance", [2, 3])
def test_skip_of_one_unit_by_hand(distance: int) -> None:
    parameters = {"w": 0.7, "u": -0.4, "k": 1.3, "b": 0.1}
    x = [0.5, -1.0, 0.25, 2.0, -0.75, 0.3]
    p = {
        name: torch.tensor([[value]], dtype=torch.float64)
        for name, value in (("weight_ih", 0.7), ("weight_hh", -0.4), ("weight_skip", 1.3))
    } | {
        "bias_ih": torch.tensor([0.06], dtype=torch.float64),
        "bias_hh": torch.tensor([0.04], dtype=torch.float64),
    }
    first = torch.tensor([[0.6]], dtype=torch.float64)
    inputs = torch.tensor(x, dtype=torch.float64).view(-1, 1, 1)
    result = unroll(Elman(), inputs, (first,), p, skip=distance)
    expected = skip_by_hand(x, first=0.6, distance=distance, **parameters)
    assert result.y.flatten().tolist() == pytest.approx(expected, abs=1e-14)
    assert result.past is not None
    assert result.past.flatten().tolist() == pytest.approx(expected[-distance:], abs=1e-14)


def test_skip_reads_the_initial_state_by_hand() -> None:
    """With k = 2 the initial h is h_{-1}: step 1 (counted from 0) sees it, step 0 sees a zero."""
    p = {
        "weight_ih": torch.zeros(1, 1),
        "weight_hh": torch.zeros(1, 1),
        "weight_skip": torch.ones(1, 1),
    }
    cell = Elman(nonlinearity="relu")
    result = unroll(cell, torch.zeros(5, 1, 1), (torch.full((1, 1), 8.0),), p, skip=2)
    assert result.y.flatten().tolist() == [0.0, 8.0, 0.0, 8.0, 0.0]
    past = torch.tensor([5.0, 8.0]).view(2, 1, 1)
    result = unroll(cell, torch.zeros(5, 1, 1), (past[1],), p, skip=2, past=past)
    assert result.y.flatten().tolist() == [5.0, 8.0, 5.0, 8.0, 5.0]
    assert result.past is not None
    assert result.past.flatten().tolist() == [8.0, 5.0]


@pytest.mark.parametrize("distance", [2, 3])
def test_skip_of_a_vector_is_added_to_the_preactivation(distance: int) -> None:
    problem = make_problem(
        Case("elman", Elman(nonlinearity="sigmoid")), steps=5, batch=2, skip=distance, past=True
    )
    result = problem.run()
    assert problem.past is not None
    p = problem.p
    for b in range(2):
        h = [row[b].tolist() for row in problem.past]  # h_{-k} … h_{-1}
        for t in range(5):
            total = plus(
                product(p["weight_ih"], problem.x[t, b].tolist(), p["bias_ih"]),
                product(p["weight_hh"], h[-1], p["bias_hh"]),
                product(p["weight_skip"], h[-distance]),
            )
            h.append([FUNCTIONS["sigmoid"](v) for v in total])
            assert result.y[t, b].tolist() == pytest.approx(h[-1], abs=1e-13)


def test_skip_reaches_the_gates_of_an_lstm() -> None:
    """U_k h_{t-k} is added before the gates, as if h_{t-k} were part of the input."""
    problem = make_problem(case_named("lstm"), steps=4, skip=2, past=True)
    result = problem.run()
    assert problem.past is not None
    state = problem.state
    outputs = list(problem.past)
    for t in range(4):
        x_t = torch.cat([problem.x[t], outputs[-2]], dim=-1)
        wide = torch.cat([problem.p["weight_ih"], problem.p["weight_skip"]], dim=1)
        p = problem.p | {"weight_ih": wide}
        state, _ = problem.cell.step(problem.cell.project(x_t, p), state, p, {})
        outputs.append(state[0])
        assert_all_close([result.y[t]], [state[0]])


def test_masks_per_step_or_as_one_rate() -> None:
    problem = all_masks(make_problem(case_named("lstm"), steps=3))
    assert problem.masks is not None
    result = problem.run()
    state = problem.state
    for t in range(3):
        masks = {name: m[t] for name, m in problem.masks.items()}  # type: ignore[index]
        a = problem.cell.project(problem.x[t], problem.p)
        state, _ = problem.cell.step(a, state, problem.p, masks)
        assert_all_close([result.y[t]], [state[0]])
    from_rate = problem.run(masks={"zoneout_h": 0.25})
    full = problem.run(masks={"zoneout_h": torch.full((3, 3, 3), 0.25, dtype=torch.float64)})
    assert_all_close([from_rate.y], [full.y])
    assert not torch.allclose(from_rate.y, problem.run(masks=None).y)


def test_zero_steps_leave_the_state_unchanged() -> None:
    problem = make_problem(case_named("lstm"), steps=0)
    result = problem.run()
    assert result.y.shape == (0, 3, 3)
    assert_all_close(result.state, problem.state)


def test_mismatched_states_are_refused() -> None:
    problem = make_problem(case_named("lstm"))
    h, c = problem.state
    with pytest.raises(ShapeError, match=r"\(h, c\), each with 3 rows; got \(3, 3\)"):
        unroll(problem.cell, problem.x, (h,), problem.p)
    with pytest.raises(ShapeError, match=r"each with 3 rows; got \(3, 3\), \(2, 3\)"):
        unroll(problem.cell, problem.x, (h, c[:2]), problem.p)


def test_a_mismatched_past_is_refused() -> None:
    problem = make_problem(case_named("gru-after"), skip=3)
    past = torch.zeros(2, 3, 3, dtype=torch.float64)
    with pytest.raises(ShapeError, match=r"past must be \(3, 3, 3\) for skip=3, got \(2, 3, 3\)"):
        problem.run(past=past)
