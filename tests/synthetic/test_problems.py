"""SyntheticProblem problems: answers are contained in the input, and the baselines are correct."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from unrolled.errors import ConfigError
from unrolled.synthetic.problems import PROBLEMS, Adding, Copy, Recall, SyntheticProblem

ALL = [Adding(7), Adding(600), Copy(1), Copy(30), Recall(1, 2, 1), Recall(20, 5, 3)]
SEEDS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize("problem", ALL, ids=str)
def test_shapes_agree_with_the_problem(problem: SyntheticProblem) -> None:
    batch = problem.draw(3, 1)
    assert batch.x.shape == (problem.steps, 3, problem.inputs)
    assert batch.steps == problem.steps
    assert batch.x.dtype == torch.float32
    assert batch.target.shape[1] == 3
    assert problem.memory_steps <= len(batch.target) <= problem.steps
    if problem.loss_kind == "cross-entropy":
        assert batch.target.dtype == torch.int64
        assert 0 <= batch.target.min() <= batch.target.max() < problem.outputs
        assert torch.equal(batch.x.sum(-1), torch.ones(problem.steps, 3))  # one-hot
    else:
        assert batch.target.dtype == torch.float32


@pytest.mark.parametrize("problem", ALL, ids=str)
def test_the_seed_determines_the_sequences(problem: SyntheticProblem) -> None:
    state = torch.get_rng_state()
    first, again = problem.draw(40, 3), problem.draw(40, 3)
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.target, again.target)
    for other in [(4,), (3, 1), (1, 3), (3 + 2**32,), (3 + 2**63,)]:  # every bit of a seed matters
        assert not torch.equal(first.x, problem.draw(40, *other).x)
    assert torch.equal(torch.get_rng_state(), state)  # torch's global random state is unchanged


@given(length=st.integers(2, 40), rows=st.integers(1, 5), seed=SEEDS)
def test_adding_target_is_the_sum_of_one_marked_number_per_half(length: int, rows: int, seed: int) -> None:
    batch = Adding(length).draw(rows, seed)
    values, marks = batch.x.unbind(-1)
    assert ((values >= 0) & (values < 1)).all()
    assert torch.equal(marks[: length // 2].sum(0), torch.ones(rows))
    assert torch.equal(marks[length // 2 :].sum(0), torch.ones(rows))
    assert torch.equal(marks * (1 - marks), torch.zeros_like(marks))
    torch.testing.assert_close((values * marks).sum(0, keepdim=True), batch.target)


def test_adding_marks_reach_every_step_of_their_half() -> None:
    marks = Adding(7).draw(2000, 0).x[..., 1].mean(1)
    torch.testing.assert_close(marks[:3], torch.full((3,), 1 / 3), atol=0.04, rtol=0)
    torch.testing.assert_close(marks[3:], torch.full((4,), 1 / 4), atol=0.04, rtol=0)


@given(length=st.integers(1, 40), rows=st.integers(1, 5), seed=SEEDS)
def test_copy_target_is_the_symbols_after_the_mark(length: int, rows: int, seed: int) -> None:
    batch = Copy(length).draw(rows, seed)
    tokens, target = batch.x.argmax(-1), batch.target
    assert torch.equal(tokens[:10], target[-10:])
    assert tokens[:10].max() < 8
    assert (target[:-10] == 8).all()
    waiting = [8] * (length - 1) + [9] + [8] * 10
    assert tokens[10:].T.tolist() == [waiting] * rows
    # from the last symbol to its answer there are T + 10 steps: the wait and nine other answers
    assert len(tokens) == length + 20


@given(
    distance=st.integers(1, 40),
    kinds=st.integers(2, 9),
    distractors=st.integers(1, 4),
    rows=st.integers(1, 5),
    seed=SEEDS,
)
def test_recall_target_is_the_first_token_only(
    distance: int, kinds: int, distractors: int, rows: int, seed: int
) -> None:
    batch = Recall(distance, kinds, distractors).draw(rows, seed)
    tokens = batch.x.argmax(-1)
    assert len(tokens) == distance + 1
    assert torch.equal(tokens[:1], batch.target)
    assert tokens[0].max() < kinds
    assert tokens[1:].min() >= kinds


@pytest.mark.parametrize("length", [2, 11, 600])
def test_adding_baseline_is_the_best_constant(length: int) -> None:
    problem = Adding(length)
    target = problem.draw(100_000 // 2, 0).target if length < 600 else problem.draw(5000, 0).target
    tolerance = 5 / math.sqrt(target.numel()) / 6
    assert float((target - 1).square().mean()) == pytest.approx(problem.baseline, abs=tolerance)
    assert float(target.mean()) == pytest.approx(1.0, abs=5 * math.sqrt(1 / 6 / target.numel()))
    assert problem.baseline == pytest.approx(0.1667, abs=5e-5)


@pytest.mark.parametrize(("length", "published"), [(1000, 0.0204), (30, None), (1, None)])
def test_copy_baseline_knows_when_but_not_which_symbol(length: int, published: float | None) -> None:
    problem = Copy(length)
    target = problem.draw(20, 0).target
    probabilities = torch.zeros(problem.steps, problem.outputs)
    probabilities[:-10, Copy.BLANK] = 1.0
    probabilities[-10:, :8] = 1 / 8
    nats = F.nll_loss(probabilities.log()[:, None].expand(-1, 20, -1).flatten(0, 1), target.flatten())
    assert float(nats) == pytest.approx(problem.baseline, rel=1e-5)
    if published:
        assert problem.baseline == pytest.approx(published, abs=5e-5)


def test_copy_symbols_and_recall_answers_are_uniform() -> None:
    symbols = Copy(1).draw(4000, 0).target[-10:]
    torch.testing.assert_close(
        symbols.flatten().bincount() / 40_000, torch.full((8,), 1 / 8), atol=0.01, rtol=0
    )
    answers = Recall(3, 5).draw(20_000, 0).target
    shares = answers.flatten().bincount() / 20_000
    torch.testing.assert_close(shares, torch.full((5,), 1 / 5), atol=0.015, rtol=0)


@pytest.mark.parametrize("kinds", [2, 8])
def test_recall_baseline_is_the_uniform_guess(kinds: int) -> None:
    problem = Recall(4, kinds)
    target = problem.draw(50, 0).target
    nats = F.cross_entropy(torch.zeros(50, problem.outputs), target[0])
    assert float(nats) == pytest.approx(problem.baseline)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adding(1), r"distance=1: must be at least 2"),
        (lambda: Copy(0), r"distance=0: must be at least 1"),
        (lambda: Recall(0), r"distance=0: must be at least 1"),
        (lambda: Recall(5, 1), r"kinds=1: must be at least 2"),
        (lambda: Recall(5, 2, 0), r"distractors=0: must be at least 1"),
    ],
)
def test_invalid_sizes_are_refused(make, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_every_problem_is_listed_with_its_default_distance() -> None:
    assert {word: problem.distance for word, problem in PROBLEMS.items()} == {
        "adding": 600,
        "copy": 1000,
        "recall": 200,
    }
    assert all(problem.shows for problem in PROBLEMS.values())
