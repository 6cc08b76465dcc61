"""Derivatives of the compiled loop in float64 against finite differences, of first and of second order."""

import pytest
import torch
from torch import Tensor
from torch.autograd import grad, gradcheck, gradgradcheck

from numerics import (
    CASES,
    MORE_CASES,
    TORCH_CASES,
    Case,
    Problem,
    all_masks,
    case_named,
    make_layer,
    make_problem,
    needs_extension,
    uniform,
    widened,
)

pytestmark = needs_extension

EVERY = CASES + MORE_CASES
SMALL = {"steps": 3, "batch": 2, "hidden_size": 2}


def gradients_are_right(problem: Problem, *, fast: bool = False, **options: object) -> bool:
    """Check the derivatives of every output with respect to every input, state and parameter."""

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        result = problem.of(leaves).compiled(**options)  # type: ignore[arg-type]
        return (result.y, *result.state)

    return gradcheck(run, problem.leaves, fast_mode=fast)


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_every_cell(case: Case) -> None:
    assert gradients_are_right(make_problem(case, **SMALL))


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_masks_and_ragged_rows_with_checkpoints(case: Case, reverse: bool) -> None:
    problem = all_masks(make_problem(case, **SMALL), hidden_size=2)
    every = 2 if reverse else None
    assert gradients_are_right(problem, lengths=[3, 2], reverse=reverse, checkpoint_every=every)


@pytest.mark.parametrize("every", [1, 2, 3, "auto"])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm-everything", "gru-after", "gru-before"])
def test_checkpoints(name: str, every: int | str) -> None:
    assert gradients_are_right(make_problem(case_named(name), **SMALL), checkpoint_every=every)


@pytest.mark.parametrize("every", [None, 2])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm", "lstm-projection", "gru-after"])
def test_zoneout_in_evaluation(name: str, every: int | None) -> None:
    rates = {"zoneout_h": 0.3, "zoneout_c": 0.2}
    assert gradients_are_right(make_problem(case_named(name), **SMALL), masks=rates, checkpoint_every=every)


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_vectors_that_are_full_and_one_more(case: Case) -> None:
    problem = make_problem(widened(case, 17), steps=4, batch=13, hidden_size=17, input_size=9)
    assert gradients_are_right(all_masks(problem, 17), fast=True, lengths=[4, 2, 3, 1] * 3 + [4])


# Second derivatives.


def penalty(y: Tensor, x: Tensor) -> Tensor:
    """Return the size of a gradient, as a penalty on it would be."""
    (slope,) = grad(y.square().sum(), x, create_graph=True)
    return slope.square().sum()


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_second_derivatives(case: Case) -> None:
    problem = make_problem(case, steps=2, batch=1, hidden_size=2)

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        result = problem.of(leaves).compiled()
        return (result.y, *result.state)

    assert gradgradcheck(run, problem.leaves, fast_mode=True)


@pytest.mark.parametrize("every", [None, 1])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm-everything", "gru-before", "gru-after"])
def test_second_derivatives_of_masks_and_ragged_rows(name: str, every: int | None) -> None:
    problem = make_problem(case_named(name), steps=2, batch=2, hidden_size=2)
    problem = all_masks(problem, hidden_size=2)

    def run(*leaves: Tensor) -> Tensor:
        return problem.of(leaves).compiled([1, 2], reverse=True, checkpoint_every=every).y

    assert gradgradcheck(run, problem.leaves, fast_mode=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_third_derivative_is_that_of_the_reference(case: Case) -> None:
    problem = make_problem(case, **SMALL)
    weight = problem.p["weight_hh" if case.cell.recurrent else "weight_ih"]

    def third(y: Tensor) -> Tensor:
        total = penalty(y, problem.x)
        (slope,) = grad(total, problem.x, create_graph=True)
        return grad(slope.square().sum(), weight)[0]

    torch.testing.assert_close(third(problem.compiled().y), third(problem.run().y))


def test_zoneout_in_evaluation_has_second_derivatives() -> None:
    problem = make_problem(case_named("lstm"), **SMALL)
    rates: dict = {"zoneout_h": 0.3, "zoneout_c": 0.2}
    ours, expected = (
        grad(penalty(run(masks=rates).y, problem.x), problem.leaves)
        for run in (problem.compiled, problem.run)
    )
    for a, b in zip(ours, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_a_first_derivative_that_could_be_differentiated_is_the_first_derivative() -> None:
    problem = make_problem(case_named("lstm"), **SMALL)
    y = problem.compiled().y
    (plain,) = grad(y.sum(), problem.x, retain_graph=True)
    (ready,) = grad(y.sum(), problem.x, create_graph=True)
    assert torch.equal(plain, ready)


@pytest.mark.parametrize("case", TORCH_CASES, ids=str)
def test_a_gradient_penalty_of_a_layer(case: Case) -> None:
    x = uniform(3, 2, 2, seed=1).requires_grad_()
    layers = [make_layer(case, backend=backend) for backend in ("auto", "reference")]
    assert layers[0].explain().paths == ["compiled"]
    for layer in layers:
        penalty(layer(x)[0], x).backward()
    for ours, expected in zip(*(layer.parameters() for layer in layers), strict=True):
        torch.testing.assert_close(ours.grad, expected.grad)
