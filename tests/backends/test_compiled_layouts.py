"""The compiled loop takes tensors however they lie in memory, and batches of no rows."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import grad

from numerics import CASES, Case, Problem, all_masks, case_named, make_problem, needs_extension, uniform
from parity import assert_near, outcome

pytestmark = needs_extension

NAMES = ("elman-tanh", "elman-layer-norm", "jordan", "lstm-everything", "lstm", "gru-after", "gru-before")


def transposed(t: Tensor) -> Tensor:
    """As batch_first leaves it: the first two axes lie the other way round."""
    return t.transpose(0, 1).contiguous().transpose(0, 1) if t.dim() > 1 else t


def column_major(t: Tensor) -> Tensor:
    return t.transpose(-1, -2).contiguous().transpose(-1, -2) if t.dim() > 1 else t


def sliced(t: Tensor) -> Tensor:
    """Every second number of a wider tensor, the others NaN."""
    wide = torch.full((*t.shape[:-1], 2 * t.shape[-1]), torch.nan, dtype=t.dtype)
    wide[..., ::2] = t
    return wide[..., ::2]


def cut_out(t: Tensor) -> Tensor:
    """The middle of a larger tensor of NaN."""
    wide = torch.full([n + 2 for n in t.shape], torch.nan, dtype=t.dtype)
    inner = tuple(slice(1, -1) for _ in t.shape)
    wide[inner] = t
    return wide[inner]


LAYOUTS: tuple[Callable[[Tensor], Tensor], ...] = (transposed, column_major, sliced, cut_out)


@pytest.mark.parametrize("of", ["x", "states", "weights", "all"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layout_gives_the_same(name: str, layout: Callable[[Tensor], Tensor], of: str) -> None:
    problem = all_masks(make_problem(case_named(name), steps=4, batch=5))
    leaves = problem.leaves
    chosen = {"x": leaves[:1], "states": problem.state, "weights": leaves[1 + len(problem.state) :]}
    moved = leaves if of == "all" else chosen[of]
    there = [layout(t) if any(t is m for m in moved) else t for t in leaves]
    if of != "weights":
        assert not all(a.stride() == b.stride() for a, b in zip(there, leaves, strict=True))
    ours = outcome(problem.of(there).compiled([4, 2, 3, 1, 4], reverse=True), leaves)
    expected = outcome(problem.compiled([4, 2, 3, 1, 4], reverse=True), leaves)
    if problem.cell.layer_norm:  # torch's own product W x adds up in another order for another layout
        return assert_near(ours, expected, within=1e-14)
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["lstm", "jordan", "gru-after"])
def test_masks_in_every_layout(name: str, layout: Callable[[Tensor], Tensor]) -> None:
    problem = all_masks(make_problem(case_named(name), steps=4, batch=5))
    assert problem.masks is not None
    masks = {k: layout(m) for k, m in problem.masks.items()}  # type: ignore[arg-type]
    ours = outcome(problem.compiled(masks=masks), problem.leaves)
    assert all(
        torch.equal(a, b) for a, b in zip(ours, outcome(problem.compiled(), problem.leaves), strict=True)
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_from_above_in_every_layout(name: str, layout: Callable[[Tensor], Tensor]) -> None:
    problem = make_problem(case_named(name), steps=4, batch=5)
    result = problem.compiled([4, 2, 3, 1, 4])
    outputs = [result.y, *result.state]
    above = [uniform(*out.shape, seed=i) for i, out in enumerate(outputs)]
    expected = grad(outputs, problem.leaves, above, retain_graph=True)
    ours = grad(outputs, problem.leaves, [layout(d) for d in above])
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_an_expanded_gradient_from_above(name: str) -> None:
    """That of a sum is one number in memory, with strides of zero."""
    problem = make_problem(case_named(name), steps=4, batch=5)
    result = problem.compiled()
    dense = torch.ones_like(result.y)
    summed = grad(result.y.sum(), problem.leaves, retain_graph=True, materialize_grads=True)
    given = grad(result.y, problem.leaves, dense, retain_graph=True, materialize_grads=True)
    assert all(torch.equal(a, b) for a, b in zip(summed, given, strict=True))
    row = uniform(dense.shape[-1], seed=1)
    wide = grad(result.y, problem.leaves, row.expand_as(dense), materialize_grads=True)
    assert_near(
        wide,
        grad(problem.run().y, problem.leaves, row.expand_as(dense), materialize_grads=True),
        within=1e-13,
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_an_expanded_input(name: str, axis: int) -> None:
    problem = make_problem(case_named(name), steps=4, batch=5)
    x = problem.x.detach().narrow(axis, 0, 1).expand_as(problem.x)
    assert 0 in x.stride()
    rest = problem.leaves[1:]
    expanded, dense = problem.of([x, *rest]), problem.of([x.contiguous(), *rest])
    ours, expected = outcome(expanded.compiled(), rest), outcome(dense.compiled(), rest)
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_expanded_states() -> None:
    problem = make_problem(case_named("lstm"), steps=4, batch=5)
    states = [s.detach()[:1].expand_as(s) for s in problem.state]
    expanded = problem.of([problem.x, *states, *problem.p.values()])
    leaves = [problem.x, *problem.p.values()]
    assert_near(outcome(expanded.compiled(), leaves), outcome(expanded.run(), leaves), within=1e-13)


def test_a_state_that_is_a_leaf_of_two_states_gets_both_gradients() -> None:
    problem = make_problem(case_named("lstm"))
    both = problem.state[0]
    same = problem.of([problem.x, both, both, *problem.p.values()])
    assert_near(grad(same.compiled().y.sum(), both), grad(same.run().y.sum(), both), within=1e-13)


@pytest.mark.parametrize("every", [None, 2])
@pytest.mark.parametrize("lengths", [None, torch.zeros(0, dtype=torch.int64)], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_rows_give_empty_results_and_zero_gradients(
    case: Case, lengths: Tensor | None, every: int | None
) -> None:
    problem = make_problem(case, batch=0)
    result = problem.compiled(lengths, checkpoint_every=every)
    assert result.y.shape == (4, 0, problem.state[0].shape[1])
    assert [s.shape for s in result.state] == [s.shape for s in problem.state]
    gradients = grad(result.y.sum() + result.state[0].sum(), problem.leaves, materialize_grads=True)
    for g, leaf in zip(gradients, problem.leaves, strict=True):
        assert g.shape == leaf.shape
        assert (g == 0).all()


def test_nothing_is_written_to_but_the_results() -> None:
    problem: Problem = all_masks(make_problem(case_named("lstm-everything"), steps=4, batch=5))
    assert problem.masks is not None
    dy = uniform(4, 5, 2, seed=1)
    lengths = torch.tensor([4, 2, 3, 1, 4])
    given = [*problem.leaves, *problem.masks.values(), dy, lengths]
    before = [t.detach().clone() for t in given]  # type: ignore[union-attr]
    for every in (None, 2):
        problem.compiled(lengths, checkpoint_every=every).y.backward(dy)  # type: ignore[arg-type]
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))  # type: ignore[arg-type]


def test_the_final_state_is_no_view_of_the_output() -> None:
    result = make_problem(case_named("gru-after")).compiled()
    storages = {t.untyped_storage().data_ptr() for t in (result.y, *result.state)}
    assert len(storages) == 2
