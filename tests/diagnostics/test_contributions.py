"""Contribution of each step to the weight gradients."""

import numpy as np
import pytest
import torch

from brute import RAGGED, make_problem
from numerics import CASES, Case, case_named
from unrolled.diagnostics.contributions import contributions, step_gradients, total_gradients
from unrolled.layers import RecurrentDrop


@pytest.mark.parametrize("ragged", [False, True], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contributions_of_all_steps_sum_to_the_gradient(case: Case, ragged: bool) -> None:
    problem = make_problem(case, bidirectional=True, ragged=ragged)
    check_sums(problem)


@pytest.mark.parametrize("options", [{"skip": 2}, {"drop": RecurrentDrop(zoneout=0.3)}, {"residual": True}])
def test_contributions_sum_to_the_gradient_with_shortcuts(options: dict) -> None:
    check_sums(make_problem(case_named("gru-after"), ragged=True, **options))


def check_sums(problem) -> None:
    recording = problem.record()
    stack = problem.model.stack.eval()
    problem.model.losses(problem.x, problem.lengths).sum().backward()
    for p, states in zip(recording.passes, total_gradients(recording), strict=True):
        suffix = p.name.removeprefix("stack.")
        for name, per_step in step_gradients(p, states).items():
            expected = stack.get_parameter(f"{name}_{suffix}").grad
            torch.testing.assert_close(per_step.sum(0), expected, rtol=1e-9, atol=1e-12)
            assert not per_step[max(RAGGED if problem.lengths else [6]) :].any()


def test_a_contribution_is_the_gradient_of_the_weights_at_one_step() -> None:
    """Change W, U or b at only one step, in a loop that uses other weights there."""
    problem = make_problem(case_named("lstm"), layers=1)
    recording = problem.record()
    (p,) = recording.passes
    (states,) = total_gradients(recording)
    by_step = step_gradients(p, states)

    def loss(step: int, name: str, change: torch.Tensor) -> torch.Tensor:
        state, total = tuple(torch.zeros(3, 4, dtype=torch.float64) for _ in "hc"), 0.0
        for t, x_t in enumerate(problem.x):
            w = dict(p.parameters)
            if t == step:
                w[name] = w[name] + change
            state, _ = p.cell.step(p.cell.project(x_t, w), state, w, {})
            total = total + problem.model.loss_of(state[0]).sum()
        return total

    for name in ("weight_ih", "weight_hh", "bias_ih"):
        for step in (0, 4):
            change = torch.zeros_like(p.parameters[name], requires_grad=True)
            (expected,) = torch.autograd.grad(loss(step, name, change), change)
            torch.testing.assert_close(by_step[name][step], expected, rtol=1e-9, atol=1e-12)
    (contribution,) = contributions(recording)
    norms = [float(gradient.norm()) for gradient in by_step["weight_hh"]]
    np.testing.assert_allclose(contribution.norms["weight_hh"], norms)
