"""The network of a synthetic problem: losses of every answer, and truncation of the gradient."""

import math

import pytest
import torch
import torch.nn.functional as F

from unrolled.models import CellConfig
from unrolled.synthetic.config import SolverConfig
from unrolled.synthetic.model import ProblemNetwork
from unrolled.synthetic.problems import Adding, Copy, Recall, SyntheticProblem

PROBLEMS = [Adding(9), Copy(5), Recall(8, 3, 2)]


def make_solver(problem: SyntheticProblem, cell: str = "gru", **options: float) -> ProblemNetwork:
    torch.manual_seed(0)
    return ProblemNetwork(problem, CellConfig(cell=cell), SolverConfig(**{"hidden": 6} | options))


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("layers", [1, 2])
@torch.no_grad()
def test_losses_agree_with_those_of_single_steps(problem: SyntheticProblem, layers: int) -> None:
    model, batch = make_solver(problem, layers=layers), problem.draw(4, 1)
    h, _ = model.recurrent(batch.x)
    first = problem.steps - len(batch.target)
    losses = model.losses(batch)
    assert losses.shape == batch.target.shape
    for n in range(len(batch.target)):
        for b in range(4):
            y, target = model.head(h[first + n, b]), batch.target[n, b]
            expected = (y[0] - target) ** 2 if problem.outputs == 1 else -y.log_softmax(-1)[target]
            assert float(losses[n, b]) == pytest.approx(float(expected), rel=1e-5)
    assert float(model.loss(batch)) == pytest.approx(float(losses.mean()), rel=1e-6)


def test_loss_of_zero_logits_is_that_of_the_uniform_distribution() -> None:
    for problem, expected in ((Recall(3, 4), math.log(4)), (Copy(3), math.log(9))):
        batch = problem.draw(5, 0)
        answers = torch.zeros(*batch.target.shape, problem.outputs)
        losses = make_solver(problem).losses_from_outputs(answers, batch.target)
        torch.testing.assert_close(losses, torch.full(batch.target.shape, expected))


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
@pytest.mark.parametrize("truncation", [1, 3, 4, 50])
def test_truncation_keeps_the_answers_and_cuts_the_gradient(cell: str, truncation: int) -> None:
    problem = Recall(8, 3, 2)  # 9 steps
    batch = problem.draw(4, 1)
    full, truncated = make_solver(problem, cell), make_solver(problem, cell, truncation=truncation)
    x = [batch.x.clone().requires_grad_() for _ in range(2)]
    y = [m(x_, 1) for m, x_ in zip((full, truncated), x, strict=True)]
    torch.testing.assert_close(*y)
    for answer in y:
        answer.square().sum().backward()
    begin = 8 // truncation * truncation  # first step of the last truncation window
    assert (x[0].grad != 0).any(-1).all()
    torch.testing.assert_close(x[1].grad[begin:], x[0].grad[begin:])
    assert (x[1].grad[:begin] == 0).all() if x[1].grad is not None else begin == 0


def test_every_step_of_copy_has_a_gradient_despite_truncation() -> None:
    problem = Copy(5)
    model, batch = make_solver(problem, truncation=4), problem.draw(3, 0)
    x = batch.x.clone().requires_grad_()
    answers = model(x, problem.steps)
    F.cross_entropy(answers.flatten(0, 1), batch.target.flatten()).backward()
    assert (x.grad != 0).any(-1).all()


@pytest.mark.parametrize(("cell", "gate"), [("elman", 0), ("gru", 2), ("lstm", 2)])
def test_start_std_affects_only_input_weights_and_candidate_biases(cell: str, gate: int) -> None:
    default, small = (
        make_solver(Recall(8), cell, hidden=50),
        make_solver(Recall(8), cell, hidden=50, start_std=0.001),
    )
    for (name, old), new in zip(default.named_parameters(), small.parameters(), strict=True):
        if name == "recurrent.weight_ih_l0":
            assert float(new.std().detach()) == pytest.approx(0.001, rel=0.1)
        elif name.startswith("recurrent.bias"):
            assert (new[50 * gate : 50 * (gate + 1)] == 0).all()
            assert torch.equal(new[: 50 * gate], old[: 50 * gate])
            assert torch.equal(new[50 * (gate + 1) :], old[50 * (gate + 1) :])
        else:
            assert torch.equal(new, old), name


def test_start_std_keeps_the_forget_bias() -> None:
    cell = CellConfig(cell="lstm", forget_bias=5.3)
    bias = ProblemNetwork(Recall(8), cell, SolverConfig(hidden=4, start_std=0.01)).recurrent.bias_ih_l0
    assert torch.equal(bias[4:8], torch.full((4,), 5.3))
