"""Derivatives in float64, checked by finite differences, for every cell and option."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from numerics import (
    CASES,
    PATHS,
    TORCH_CASES,
    Case,
    Problem,
    all_masks,
    as_hidden,
    as_tuple,
    case_named,
    layer_state,
    make_layer,
    make_problem,
    uniform,
)

SMALL = {"steps": 3, "batch": 2, "hidden_size": 2}
STACK_PATHS = [path for path in PATHS if path.values[0] == "compiled" or path.values[1] in TORCH_CASES]


def check_gradients(problem: Problem, **options: object) -> bool:
    """Check the derivatives of every output with respect to every input, state and parameter."""

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        result = problem.of(leaves).run(**options)
        return (result.y, *result.state) + (() if result.past is None else (result.past,))

    return gradcheck(run, problem.leaves)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_cell(case: Case) -> None:
    assert check_gradients(make_problem(case, **SMALL))


@pytest.mark.thin(3)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_masks_ragged_rows_and_skip_in_both_directions(case: Case, reverse: bool) -> None:
    problem = make_problem(case, skip=2, past=True, **SMALL)
    problem = all_masks(problem, hidden_size=2)
    assert check_gradients(problem, lengths=[3, 2], reverse=reverse)


@pytest.mark.parametrize("mask", ["zoneout_h", "zoneout_c", "candidate"])
def test_each_mask_of_the_lstm_alone(mask: str) -> None:
    problem = all_masks(make_problem(case_named("lstm"), **SMALL), hidden_size=2)
    assert problem.masks is not None
    assert check_gradients(problem, masks={mask: problem.masks[mask]})


@pytest.mark.parametrize("mask", ["zoneout_h", "candidate"])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "gru-after", "gru-before"])
def test_each_mask_of_the_other_cells_alone(name: str, mask: str) -> None:
    problem = all_masks(make_problem(case_named(name), **SMALL), hidden_size=2)
    assert problem.masks is not None
    assert check_gradients(problem, masks={mask: problem.masks[mask]})


@pytest.mark.parametrize("name", ["elman-tanh", "lstm", "gru-after"])
def test_zoneout_in_evaluation(name: str) -> None:
    rates = {"zoneout_h": 0.3, "zoneout_c": 0.2}
    assert check_gradients(make_problem(case_named(name), **SMALL), masks=rates)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm", "gru-after", "gru-before"])
def test_ragged_rows(name: str, reverse: bool) -> None:
    problem = make_problem(case_named(name), **SMALL)
    assert check_gradients(problem, lengths=[1, 3], reverse=reverse)


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm", "gru-after"])
def test_skip(name: str, past: bool) -> None:
    assert check_gradients(make_problem(case_named(name), skip=2, past=past, **SMALL))


def test_the_trace_is_differentiable() -> None:
    problem = make_problem(case_named("lstm"), **SMALL)

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        return tuple(problem.of(leaves).run(trace=True).trace.values())

    assert gradcheck(run, problem.leaves)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_second_derivatives(case: Case) -> None:
    problem = make_problem(case, steps=2, batch=1, hidden_size=2)

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        result = problem.of(leaves).run()
        return (result.y, *result.state)

    assert gradgradcheck(run, problem.leaves)


@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm-everything", "gru-before"])
def test_second_derivatives_of_masks_ragged_rows_and_skip(name: str) -> None:
    problem = make_problem(case_named(name), skip=2, past=True, steps=2, batch=2, hidden_size=2)
    problem = all_masks(problem, hidden_size=2)

    def run(*leaves: Tensor) -> Tensor:
        return problem.of(leaves).run(lengths=[1, 2], reverse=True).y

    assert gradgradcheck(run, problem.leaves)


def check_layer_gradients(case: Case, *, lengths: list[int] | None = None, **options: object) -> bool:
    """Check the derivatives of a layer with respect to input, initial states and every parameter."""
    layer = make_layer(case, **options)
    x = uniform(3, 2, 2, seed=1).requires_grad_()
    states = [s.requires_grad_() for s in layer_state(layer, 2, past=bool(layer.skip))]
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Tensor, *other_leaves: Tensor) -> tuple[Tensor, ...]:
        initial_state = as_hidden(tuple(other_leaves[: len(states)]))
        weights = dict(zip(names, other_leaves[len(states) :], strict=True))
        y, final = torch.func.functional_call(layer, weights, (x, initial_state), {"lengths": lengths})
        return (y, *as_tuple(final))

    return gradcheck(run, (x, *states, *layer.parameters()), fast_mode=True)


@pytest.mark.thin(3)
@pytest.mark.parametrize("lengths", [None, [2, 3]], ids=["full", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("backend", "case"), STACK_PATHS)
def test_stacked_layers(backend: str, case: Case, bidirectional: bool, lengths: list[int] | None) -> None:
    assert check_layer_gradients(
        case, lengths=lengths, num_layers=2, bidirectional=bidirectional, backend=backend
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_residual_layers_with_skip_of_every_cell(case: Case) -> None:
    assert check_layer_gradients(
        case, lengths=[2, 3], num_layers=2, bidirectional=True, skip=2, residual=True
    )
