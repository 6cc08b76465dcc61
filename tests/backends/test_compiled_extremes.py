"""Extreme numbers in the compiled loop: tiny, huge and infinite ones, and NaN, which stays in its row."""

import pytest
import torch

from numerics import (
    CASES,
    MORE_CASES,
    Case,
    Problem,
    case_named,
    make_problem,
    needs_extension,
    uniform,
    widened,
)
from parity import assert_near, assert_parity, outcome

pytestmark = needs_extension

ALL_CASES = CASES + MORE_CASES
FLOAT32_TOLERANCE = 2e-5


def make_sized_problem(case: Case, hidden: int, batch: int, inputs: int, steps: int) -> Problem:
    sizes = {"hidden_size": hidden, "batch": batch, "input_size": inputs, "steps": steps}
    return make_problem(widened(case, hidden), seed=hidden + 10 * batch, **sizes)


@pytest.mark.parametrize("size", [1e-30, 1e-6, 30.0, 1e4, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ["elman-tanh", "elman-sigmoid", "lstm", "gru-after", "gru-before"])
def test_tiny_and_huge_preactivations(name: str, dtype: torch.dtype, size: float) -> None:
    problem = make_sized_problem(case_named(name), 17, 3, 3, 4).to(dtype)
    problem = problem.of([(problem.x * size).detach().requires_grad_(), *problem.leaves[1:]])
    if dtype == torch.float64:
        return assert_parity(problem, within=1e-11)
    # x times the slope of a saturated gate is a huge number times a rounding error: only finite.
    leaves = problem.leaves
    actual, expected = outcome(problem.compiled(), leaves), outcome(problem.run(), leaves)
    results = 1 + len(problem.state)
    assert_near(actual[:results], expected[:results], within=FLOAT32_TOLERANCE)
    assert all(g.isfinite().all() for g in actual[results:])


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 5e-7), (torch.float64, 1e-15)])
def test_tanh_of_a_tiny_number_is_that_number(dtype: torch.dtype, tolerance: float) -> None:
    """The relative error is small, not only the absolute one."""
    problem = make_sized_problem(case_named("elman-no-bias"), 33, 1, 1, 1).to(dtype)
    x, h, *weights = problem.leaves
    for size in (1e-20, 1e-9, 1e-3, 0.1):
        scaled = problem.of([x.detach() * size, torch.zeros_like(h), *weights])
        torch.testing.assert_close(scaled.compiled().y, scaled.run().y, rtol=tolerance, atol=0.0)


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
@pytest.mark.parametrize(
    "name", ["elman-tanh", "elman-relu", "elman-sigmoid", "lstm", "gru-after", "gru-before"]
)
def test_an_infinite_input_saturates(name: str, value: float) -> None:
    problem = make_sized_problem(case_named(name), 17, 3, 1, 4)
    x = problem.x.detach().clone()
    x[1, 1] = value
    problem = problem.of([x, *problem.leaves[1:]])
    actual, expected = problem.compiled(), problem.run()
    torch.testing.assert_close([actual.y, *actual.state], [expected.y, *expected.state], equal_nan=True)


@pytest.mark.parametrize(("batch", "reverse"), [(3, False), (13, True), (50, False)])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_a_nan_affects_only_its_row(case: Case, batch: int, reverse: bool) -> None:
    problem = make_sized_problem(case, 17, batch, 3, 4)
    clean = problem.compiled(reverse=reverse)
    x = problem.x.detach().clone()
    x[2, 1] = float("nan")
    damaged = problem.of([x, *problem.leaves[1:]]).compiled(reverse=reverse)
    others = [b for b in range(batch) if b != 1]
    affected_steps, unaffected_steps = (slice(0, 3), slice(3, 4)) if reverse else (slice(2, 4), slice(0, 2))
    assert torch.equal(damaged.y[:, others], clean.y[:, others])
    assert torch.equal(damaged.y[unaffected_steps, 1], clean.y[unaffected_steps, 1])
    assert damaged.y[affected_steps, 1].isnan().all()
    for actual, clean_state in zip(damaged.state, clean.state, strict=True):
        assert torch.equal(actual[others], clean_state[others])
        assert actual[1].isnan().all()


def test_a_nan_in_the_state_affects_only_its_row() -> None:
    problem = make_sized_problem(case_named("lstm"), 17, 13, 3, 4)
    clean = problem.compiled()
    for i, state in enumerate(problem.state):
        damaged = state.detach().clone()
        damaged[4, 2] = float("nan")
        states = [damaged if k == i else s for k, s in enumerate(problem.state)]
        y = problem.of([problem.x, *states, *problem.p.values()]).compiled().y
        assert y[1:, 4].isnan().all()
        others = [b for b in range(13) if b != 4]
        assert torch.equal(y[:, others], clean.y[:, others])


def test_a_nan_in_an_output_gradient_affects_only_its_row() -> None:
    problem = make_sized_problem(case_named("gru-before"), 17, 13, 3, 4)
    dy = uniform(4, 13, 17, seed=1)
    (clean,) = torch.autograd.grad(problem.compiled().y, problem.x, dy)
    dy[2, 4] = float("nan")
    (damaged,) = torch.autograd.grad(problem.compiled().y, problem.x, dy)
    others = [b for b in range(13) if b != 4]
    assert_near([damaged[:, others], damaged[3:, 4]], [clean[:, others], clean[3:, 4]], within=1e-15)
    assert damaged[:3, 4].isnan().all()
