"""A ragged batch in the compiled loop equals its rows, run separately."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics import (
    CASES,
    MORE_CASES,
    Case,
    Problem,
    all_masks,
    case_named,
    generator,
    make_problem,
    needs_extension,
    uniform,
)
from parity import assert_near, assert_parity, outcome
from property_settings import examples

pytestmark = needs_extension

ALL_CASES = CASES + MORE_CASES
STEPS = 8  # longer than any row of LENGTHS
LENGTHS = [2, 5, 1, 7, 5]
NAN = float("nan")


def fill_padding(problem: Problem, lengths: list[int], padding_value: float) -> Problem:
    """Return the problem with its padding overwritten."""
    x = problem.x.detach().clone()
    for b, length in enumerate(lengths):
        x[length:, b] = padding_value
    return problem.of([x.requires_grad_(), *problem.leaves[1:]])


@pytest.mark.thin(13)
@pytest.mark.parametrize("checkpoint_every", [None, 3])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_ragged_rows_equal_single_rows(case: Case, reverse: bool, checkpoint_every: int | None) -> None:
    problem = all_masks(make_problem(case, steps=STEPS, batch=5))
    options = {"reverse": reverse, "checkpoint_every": checkpoint_every}
    dy, dstate = (
        uniform(STEPS, 5, problem.state[0].shape[1], seed=1),
        [uniform(*s.shape, seed=2) for s in problem.state],
    )
    ragged = problem.compiled(LENGTHS, **options)
    batched_gradients = torch.autograd.grad([ragged.y, *ragged.state], problem.leaves, [dy, *dstate])
    summed = [torch.zeros_like(leaf) for leaf in problem.leaves]
    for b, length in enumerate(LENGTHS):
        single = problem.row(b, length).compiled(**options)
        assert_near(
            [ragged.y[:length, b], *(s[b] for s in ragged.state)],
            [single.y[:, 0], *(s[0] for s in single.state)],
            within=1e-13,
        )
        assert (ragged.y[length:, b] == 0).all()
        row_gradients = torch.autograd.grad(
            [single.y, *single.state],
            problem.leaves,
            [dy[:length, b : b + 1], *(d[b : b + 1] for d in dstate)],
        )
        summed = [a + g for a, g in zip(summed, row_gradients, strict=True)]
    assert_near(batched_gradients, summed, within=1e-12)


@pytest.mark.thin(13)
@pytest.mark.parametrize("checkpoint_every", [None, 3])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_padding_is_never_read(case: Case, reverse: bool, checkpoint_every: int | None) -> None:
    problem = make_problem(case, steps=STEPS, batch=5)
    results = []
    for padding_value in (0.0, NAN, float("inf")):
        padded = fill_padding(problem, LENGTHS, padding_value)
        result = padded.compiled(LENGTHS, reverse=reverse, checkpoint_every=checkpoint_every)
        results.append(outcome(result, padded.leaves))
    clean, *others = results
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(other, clean, strict=True))
    dx = clean[1 + len(problem.state)]
    for b, length in enumerate(LENGTHS):
        assert (dx[length:, b] == 0).all()
        assert (dx[:length, b] != 0).any() or case.name in ("elman-relu", "jordan-linear")


@pytest.mark.parametrize("checkpoint_every", [None, 3])
@pytest.mark.parametrize("name", ["elman-tanh", "lstm", "gru-before", "jordan"])
def test_masks_and_output_gradients_are_not_read_in_the_padding(
    name: str, checkpoint_every: int | None
) -> None:
    problem = all_masks(make_problem(case_named(name), steps=STEPS, batch=5))
    live = torch.arange(STEPS)[:, None] < torch.tensor(LENGTHS)
    assert problem.masks is not None
    results = []
    for padding_value in (0.0, NAN):
        masks = {k: m.masked_fill(~live[:, :, None], padding_value) for k, m in problem.masks.items()}  # type: ignore[union-attr]
        result = problem.compiled(LENGTHS, masks=masks, checkpoint_every=checkpoint_every)
        dy = uniform(*result.y.shape, seed=1).masked_fill(~live[:, :, None], padding_value)
        results.append([result.y, *torch.autograd.grad(result.y, problem.leaves, dy)])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("name", ["elman-tanh", "lstm", "gru-after", "gru-before-layer-norm"])
def test_full_lengths_equal_a_batch_without_lengths(name: str) -> None:
    problem = make_problem(case_named(name), steps=6, batch=14)
    ordinary, ragged = problem.compiled(), problem.compiled([6] * 14)
    leaves = problem.leaves
    assert_near(outcome(ragged, leaves), outcome(ordinary, leaves), within=1e-14)


@pytest.mark.parametrize(
    "lengths", [[1] * 5, [STEPS] + [1] * 4, [1] * 4 + [STEPS], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]], ids=str
)
@pytest.mark.parametrize("name", ["elman-tanh", "lstm", "gru-after", "gru-before"])
def test_lengths_in_any_order(name: str, lengths: list[int]) -> None:
    problem = all_masks(make_problem(case_named(name), steps=STEPS, batch=5))
    for reverse in (False, True):
        assert_parity(problem, within=1e-12, lengths=lengths, reverse=reverse)


@examples(40)
@given(data=st.data())
def test_permuting_rows_permutes_results(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=30))
    order = data.draw(st.permutations(range(len(lengths))))
    case = data.draw(st.sampled_from(ALL_CASES))
    problem = make_problem(case, steps=6, batch=len(lengths))
    permuted = problem.of([problem.x[:, order], *(s[order] for s in problem.state), *problem.p.values()])
    reverse = data.draw(st.booleans())
    actual = permuted.compiled([lengths[b] for b in order], reverse=reverse)
    expected = problem.compiled(lengths, reverse=reverse)
    assert_near(
        [actual.y, *actual.state], [expected.y[:, order], *(s[order] for s in expected.state)], within=1e-13
    )


@pytest.mark.parametrize("batch", [13, 49, 130])
@pytest.mark.parametrize("name", ["elman-tanh", "lstm-everything", "gru-after", "gru-before"])
def test_many_rows_of_random_lengths(name: str, batch: int) -> None:
    problem = all_masks(make_problem(case_named(name), steps=9, batch=batch, hidden_size=5), hidden_size=5)
    lengths = torch.randint(1, 10, (batch,), generator=generator(3)).tolist()
    assert_parity(problem, within=1e-11, lengths=lengths)
    assert_parity(problem, within=1e-11, lengths=lengths, reverse=True, checkpoint_every=4)


def test_backward_rows_start_at_their_last_step() -> None:
    problem = make_problem(case_named("lstm"), steps=STEPS, batch=5)
    y = problem.compiled(LENGTHS, reverse=True).y
    for b, length in enumerate(LENGTHS):
        (gradient,) = torch.autograd.grad(y[length - 1, b].sum(), problem.x, retain_graph=True)
        has_gradient = gradient.abs().sum((1, 2)) > 0
        assert has_gradient.tolist() == [t == length - 1 for t in range(STEPS)]
