"""The compiled loop accepts tensors with any memory layout, and empty batches."""

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
    """As with batch_first: the first two axes are swapped in memory."""
    return t.transpose(0, 1).contiguous().transpose(0, 1) if t.dim() > 1 else t


def column_major(t: Tensor) -> Tensor:
    return t.transpose(-1, -2).contiguous().transpose(-1, -2) if t.dim() > 1 else t


def sliced(t: Tensor) -> Tensor:
    """Every second number of a wider tensor; the others are NaN."""
    from_expanded = torch.full((*t.shape[:-1], 2 * t.shape[-1]), torch.nan, dtype=t.dtype)
    from_expanded[..., ::2] = t
    return from_expanded[..., ::2]


def cut_out(t: Tensor) -> Tensor:
    """The middle of a larger tensor of NaN."""
    from_expanded = torch.full([n + 2 for n in t.shape], torch.nan, dtype=t.dtype)
    inner = tuple(slice(1, -1) for _ in t.shape)
    from_expanded[inner] = t
    return from_expanded[inner]


LAYOUTS: tuple[Callable[[Tensor], Tensor], ...] = (transposed, column_major, sliced, cut_out)


@pytest.mark.thin(13)
@pytest.mark.parametrize("argument_group", ["x", "states", "weights", "all"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layout_gives_equal_results(
    name: str, layout: Callable[[Tensor], Tensor], argument_group: str
) -> None:
    problem = all_masks(make_problem(case_named(name), steps=4, batch=5))
    leaves = problem.leaves
    groups = {"x": leaves[:1], "states": problem.state, "weights": leaves[1 + len(problem.state) :]}
    leaves_to_change = leaves if argument_group == "all" else groups[argument_group]
    leaves_in_layout = [layout(t) if any(t is m for m in leaves_to_change) else t for t in leaves]
    if argument_group != "weights":
        assert not all(a.stride() == b.stride() for a, b in zip(leaves_in_layout, leaves, strict=True))
    actual = outcome(problem.of(leaves_in_layout).compiled([4, 2, 3, 1, 4], reverse=True), leaves)
    expected = outcome(problem.compiled([4, 2, 3, 1, 4], reverse=True), leaves)
    if problem.cell.layer_norm:  # torch's product W x sums in another order for another layout
        return assert_near(actual, expected, within=1e-14)
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["lstm", "jordan", "gru-after"])
def test_masks_in_every_layout(name: str, layout: Callable[[Tensor], Tensor]) -> None:
    problem = all_masks(make_problem(case_named(name), steps=4, batch=5))
    assert problem.masks is not None
    masks = {k: layout(m) for k, m in problem.masks.items()}  # type: ignore[arg-type]
    actual = outcome(problem.compiled(masks=masks), problem.leaves)
    assert all(
        torch.equal(a, b) for a, b in zip(actual, outcome(problem.compiled(), problem.leaves), strict=True)
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_output_gradients_in_every_layout(name: str, layout: Callable[[Tensor], Tensor]) -> None:
    problem = make_problem(case_named(name), steps=4, batch=5)
    result = problem.compiled([4, 2, 3, 1, 4])
    outputs = [result.y, *result.state]
    output_gradients = [uniform(*out.shape, seed=i) for i, out in enumerate(outputs)]
    expected = grad(outputs, problem.leaves, output_gradients, retain_graph=True)
    actual = grad(outputs, problem.leaves, [layout(d) for d in output_gradients])
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_an_expanded_output_gradient(name: str) -> None:
    """The gradient of a sum is one number in memory, with strides of zero."""
    problem = make_problem(case_named(name), steps=4, batch=5)
    result = problem.compiled()
    dense = torch.ones_like(result.y)
    from_sum = grad(result.y.sum(), problem.leaves, retain_graph=True, materialize_grads=True)
    from_ones = grad(result.y, problem.leaves, dense, retain_graph=True, materialize_grads=True)
    assert all(torch.equal(a, b) for a, b in zip(from_sum, from_ones, strict=True))
    row = uniform(dense.shape[-1], seed=1)
    from_expanded = grad(result.y, problem.leaves, row.expand_as(dense), materialize_grads=True)
    assert_near(
        from_expanded,
        grad(problem.run().y, problem.leaves, row.expand_as(dense), materialize_grads=True),
        within=1e-13,
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_an_expanded_input(name: str, axis: int) -> None:
    problem = make_problem(case_named(name), steps=4, batch=5)
    x = problem.x.detach().narrow(axis, 0, 1).expand_as(problem.x)
    assert 0 in x.stride()
    other_leaves = problem.leaves[1:]
    expanded, dense = problem.of([x, *other_leaves]), problem.of([x.contiguous(), *other_leaves])
    actual, expected = outcome(expanded.compiled(), other_leaves), outcome(dense.compiled(), other_leaves)
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


def test_expanded_states() -> None:
    problem = make_problem(case_named("lstm"), steps=4, batch=5)
    states = [s.detach()[:1].expand_as(s) for s in problem.state]
    expanded = problem.of([problem.x, *states, *problem.p.values()])
    leaves = [problem.x, *problem.p.values()]
    assert_near(outcome(expanded.compiled(), leaves), outcome(expanded.run(), leaves), within=1e-13)


def test_a_tensor_used_as_two_states_gets_both_gradients() -> None:
    problem = make_problem(case_named("lstm"))
    state = problem.state[0]
    same = problem.of([problem.x, state, state, *problem.p.values()])
    assert_near(grad(same.compiled().y.sum(), state), grad(same.run().y.sum(), state), within=1e-13)


@pytest.mark.parametrize("checkpoint_every", [None, 2])
@pytest.mark.parametrize("lengths", [None, torch.zeros(0, dtype=torch.int64)], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_empty_batch_gives_empty_results_and_zero_gradients(
    case: Case, lengths: Tensor | None, checkpoint_every: int | None
) -> None:
    problem = make_problem(case, batch=0)
    result = problem.compiled(lengths, checkpoint_every=checkpoint_every)
    assert result.y.shape == (4, 0, problem.state[0].shape[1])
    assert [s.shape for s in result.state] == [s.shape for s in problem.state]
    gradients = grad(result.y.sum() + result.state[0].sum(), problem.leaves, materialize_grads=True)
    for g, leaf in zip(gradients, problem.leaves, strict=True):
        assert g.shape == leaf.shape
        assert (g == 0).all()


def test_inputs_are_not_modified() -> None:
    problem: Problem = all_masks(make_problem(case_named("lstm-everything"), steps=4, batch=5))
    assert problem.masks is not None
    dy = uniform(4, 5, 2, seed=1)
    lengths = torch.tensor([4, 2, 3, 1, 4])
    tensors = [*problem.leaves, *problem.masks.values(), dy, lengths]
    copies = [t.detach().clone() for t in tensors]  # type: ignore[union-attr]
    for checkpoint_every in (None, 2):
        problem.compiled(lengths, checkpoint_every=checkpoint_every).y.backward(dy)  # type: ignore[arg-type]
    assert all(torch.equal(a, b) for a, b in zip(tensors, copies, strict=True))  # type: ignore[arg-type]


def test_the_final_state_is_not_a_view_of_the_output() -> None:
    result = make_problem(case_named("gru-after")).compiled()
    storages = {t.untyped_storage().data_ptr() for t in (result.y, *result.state)}
    assert len(storages) == 2
