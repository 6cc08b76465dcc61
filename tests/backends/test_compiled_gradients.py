"""Derivatives of the compiled loop in float64.

First and second derivatives are checked by finite differences, others are compared with the reference.
"""

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

ALL_CASES = CASES + MORE_CASES
SMALL = {"steps": 3, "batch": 2, "hidden_size": 2}


def check_gradients(problem: Problem, *, fast_mode: bool = False, **options: object) -> bool:
    """Check the derivatives of every output with respect to every input, state and parameter."""

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        result = problem.of(leaves).compiled(**options)  # type: ignore[arg-type]
        return (result.y, *result.state)

    return gradcheck(run, problem.leaves, fast_mode=fast_mode)


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_every_cell(case: Case) -> None:
    assert check_gradients(make_problem(case, **SMALL))


@pytest.mark.thin(3)
@pytest.mark.parametrize("reverse", [False, True], ids=["left-to-right", "right-to-left"])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_masks_and_ragged_rows_with_checkpoints(case: Case, reverse: bool) -> None:
    problem = all_masks(make_problem(case, **SMALL), hidden_size=2)
    checkpoint_every = 2 if reverse else None
    assert check_gradients(problem, lengths=[3, 2], reverse=reverse, checkpoint_every=checkpoint_every)


@pytest.mark.parametrize("checkpoint_every", [1, 2, 3, "auto"])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm-everything", "gru-after", "gru-before"])
def test_checkpoints(name: str, checkpoint_every: int | str) -> None:
    assert check_gradients(make_problem(case_named(name), **SMALL), checkpoint_every=checkpoint_every)


@pytest.mark.parametrize("checkpoint_every", [None, 2])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm", "lstm-projection", "gru-after"])
def test_zoneout_in_evaluation(name: str, checkpoint_every: int | None) -> None:
    rates = {"zoneout_h": 0.3, "zoneout_c": 0.2}
    assert check_gradients(
        make_problem(case_named(name), **SMALL), masks=rates, checkpoint_every=checkpoint_every
    )


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_sizes_one_above_the_simd_width(case: Case) -> None:
    problem = make_problem(widened(case, 17), steps=4, batch=13, hidden_size=17, input_size=9)
    assert check_gradients(all_masks(problem, 17), fast_mode=True, lengths=[4, 2, 3, 1] * 3 + [4])


# Second derivatives.


def gradient_penalty(y: Tensor, x: Tensor) -> Tensor:
    """Return the squared norm of the gradient, as in a gradient penalty."""
    (gradient,) = grad(y.square().sum(), x, create_graph=True)
    return gradient.square().sum()


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_second_derivatives(case: Case) -> None:
    problem = make_problem(case, steps=2, batch=1, hidden_size=2)

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        result = problem.of(leaves).compiled()
        return (result.y, *result.state)

    assert gradgradcheck(run, problem.leaves, fast_mode=True)


@pytest.mark.parametrize("checkpoint_every", [None, 1])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm-everything", "gru-before", "gru-after"])
def test_second_derivatives_of_masks_and_ragged_rows(name: str, checkpoint_every: int | None) -> None:
    problem = make_problem(case_named(name), steps=2, batch=2, hidden_size=2)
    problem = all_masks(problem, hidden_size=2)

    def run(*leaves: Tensor) -> Tensor:
        return problem.of(leaves).compiled([1, 2], reverse=True, checkpoint_every=checkpoint_every).y

    assert gradgradcheck(run, problem.leaves, fast_mode=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_third_derivatives_equal_the_reference(case: Case) -> None:
    problem = make_problem(case, **SMALL)
    weight = problem.p["weight_hh" if case.cell.recurrent else "weight_ih"]

    def third_derivative(y: Tensor) -> Tensor:
        total = gradient_penalty(y, problem.x)
        (gradient,) = grad(total, problem.x, create_graph=True)
        return grad(gradient.square().sum(), weight)[0]

    torch.testing.assert_close(third_derivative(problem.compiled().y), third_derivative(problem.run().y))


def test_zoneout_in_evaluation_has_second_derivatives() -> None:
    problem = make_problem(case_named("lstm"), **SMALL)
    rates: dict = {"zoneout_h": 0.3, "zoneout_c": 0.2}
    actual, expected = (
        grad(gradient_penalty(run(masks=rates).y, problem.x), problem.leaves)
        for run in (problem.compiled, problem.run)
    )
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_create_graph_gives_the_same_gradient() -> None:
    problem = make_problem(case_named("lstm"), **SMALL)
    y = problem.compiled().y
    (first_order,) = grad(y.sum(), problem.x, retain_graph=True)
    (differentiable,) = grad(y.sum(), problem.x, create_graph=True)
    assert torch.equal(first_order, differentiable)


@pytest.mark.parametrize("case", TORCH_CASES, ids=str)
def test_a_gradient_penalty_of_a_layer(case: Case) -> None:
    x = uniform(3, 2, 2, seed=1).requires_grad_()
    layers = [make_layer(case, backend=backend) for backend in ("auto", "reference")]
    assert layers[0].explain().paths == ["compiled"]
    for layer in layers:
        gradient_penalty(layer(x)[0], x).backward()
    for actual, expected in zip(*(layer.parameters() for layer in layers), strict=True):
        torch.testing.assert_close(actual.grad, expected.grad)
