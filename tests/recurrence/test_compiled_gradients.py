"""Derivatives of the compiled loop in float64 against finite differences; there is no second derivative."""

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
from unrolled.errors import BackendError

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


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_second_derivative_is_refused_and_the_way_out_is_named(case: Case) -> None:
    problem = make_problem(case, **SMALL)
    with pytest.raises(BackendError, match=r"no second derivative: use backend='reference'"):
        penalty(problem.compiled().y, problem.x).backward()


@pytest.mark.parametrize("every", [None, 2])
@pytest.mark.parametrize("leaf", ["x", "weight_ih", "h0"])
def test_whatever_is_differentiated_twice_is_refused(leaf: str, every: int | None) -> None:
    problem = make_problem(case_named("lstm"), **SMALL)
    wanted = {"x": problem.x, "weight_ih": problem.p["weight_ih"], "h0": problem.state[0]}[leaf]
    result = problem.compiled(checkpoint_every=every)
    (slope,) = grad(result.y.square().sum(), wanted, create_graph=True)
    with pytest.raises(BackendError, match="backend='reference'"):
        grad(slope.sum(), wanted)


def test_gradgradcheck_is_refused() -> None:
    problem = make_problem(case_named("gru-after"), **SMALL)
    with pytest.raises(BackendError, match="backend='reference'"):
        gradgradcheck(lambda x: problem.of([x, *problem.leaves[1:]]).compiled().y, problem.x)


def test_a_first_derivative_that_could_be_differentiated_is_the_first_derivative() -> None:
    problem = make_problem(case_named("lstm"), **SMALL)
    y = problem.compiled().y
    (plain,) = grad(y.sum(), problem.x, retain_graph=True)
    (ready,) = grad(y.sum(), problem.x, create_graph=True)
    assert torch.equal(plain, ready)


@pytest.mark.parametrize("case", TORCH_CASES, ids=str)
def test_the_way_out_works(case: Case) -> None:
    x = uniform(3, 2, 2, seed=1).requires_grad_()
    refused = make_layer(case)
    assert refused.explain().paths == ["compiled"]
    with pytest.raises(BackendError, match="backend='reference'"):
        penalty(refused(x)[0], x).backward()
    layer = make_layer(case, backend="reference")
    penalty(layer(x)[0], x).backward()
    assert x.grad is not None
    assert x.grad.any() or case.name == "elman-relu"
