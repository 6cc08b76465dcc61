"""The compiled loop as a part of a graph: what is kept, freed, changed in place, and computed again."""

import gc
import weakref

import pytest
import torch
from torch import Tensor
from torch.autograd import grad
from torch.utils.checkpoint import checkpoint

import unrolled
from numerics import CASES, Case, as_tuple, case_named, make_layer, make_problem, needs_extension, uniform
from parity import assert_near, outcome
from unrolled.backends import functions

pytestmark = needs_extension


def test_inference_mode() -> None:
    layer = make_layer(case_named("lstm"), num_layers=2, bidirectional=True)
    x = uniform(4, 3, 2, seed=1)
    expected, _ = layer(x)
    with torch.inference_mode():
        y, _ = layer(x)
        again, _ = layer(y.new_tensor(x.tolist()))
    assert y.is_inference()
    assert torch.equal(y, expected)
    assert torch.equal(again, expected)


@pytest.mark.parametrize("every", [None, 2])
def test_a_graph_that_is_dropped_is_freed_at_once(every: int | None) -> None:
    """What is kept for backward is in no cycle, which only the collector would find."""
    gc.disable()
    try:
        for backward in (False, True):
            problem = make_problem(case_named("lstm"))
            kept: list[weakref.ref[Tensor]] = []

            def keep(t: Tensor, kept: list[weakref.ref[Tensor]] = kept) -> Tensor:
                copy = t.detach().clone()
                kept.append(weakref.ref(copy))
                return copy

            with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
                y = problem.compiled([4, 2, 3], checkpoint_every=every).y
            assert kept
            assert all(ref() is not None for ref in kept)
            if backward:
                y.sum().backward()
            del y
            assert all(ref() is None for ref in kept)
    finally:
        gc.enable()


@pytest.mark.parametrize("which", ["x", "h0", "c0", "weight_ih", "weight_hh"])
def test_overwriting_a_saved_tensor_before_backward_is_an_error(which: str) -> None:
    problem = make_problem(case_named("lstm"))
    tensors = {"x": problem.x, "h0": problem.state[0], "c0": problem.state[1], **problem.p}
    y = problem.compiled().y
    with torch.no_grad():
        tensors[which].add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_mask_that_was_overwritten_before_backward_is_an_error() -> None:
    mask = torch.ones(4, 3, 3, dtype=torch.float64)
    y = make_problem(case_named("gru-after")).compiled(masks={"candidate": mask}).y
    mask.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def changed_by_view(y: Tensor) -> Tensor:
    y.transpose(0, 1)[:, -1].mul_(3.0)
    return y


IN_PLACE = {
    "relu": (torch.relu_, torch.relu),
    "add": (lambda y: y.add_(1.0), lambda y: y + 1.0),
    "dropout": (
        lambda y: torch.nn.functional.dropout(y, 0.0, training=True, inplace=True),
        lambda y: torch.nn.functional.dropout(y, 0.0, training=True),
    ),
    "a view": (changed_by_view, lambda y: torch.cat([y[:-1], y[-1:] * 3.0])),
    "filled": (lambda y: y.masked_fill_(y > 0.1, 0.0), lambda y: y.masked_fill(y > 0.1, 0.0)),
}


@pytest.mark.parametrize("change", IN_PLACE)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_output_may_be_changed_in_place(case: Case, change: str) -> None:
    """As with torch.nn.RNN and GRU; here with every cell."""
    in_place, apart = IN_PLACE[change]
    for every in (None, 2):
        layer = make_layer(case, num_layers=2, bidirectional=True, checkpoint_every=every, backend="compiled")
        x = uniform(5, 3, 2, seed=1).requires_grad_()
        leaves = [x, *layer.parameters()]
        expected = grad(apart(layer(x, lengths=[5, 2, 3])[0]).square().sum(), leaves)
        y, _ = layer(x, lengths=[5, 2, 3])
        total = in_place(y).square().sum()
        for keep in (True, False):
            assert_near(grad(total, leaves, retain_graph=keep), expected, within=1e-12)


def test_final_states_may_be_changed_in_place() -> None:
    for make in (unrolled.RNNCell, unrolled.LSTMCell, unrolled.GRUCell):
        cell = make(2, 3, dtype=torch.float64, backend="compiled")
        x = uniform(3, 2, seed=1)
        expected = grad(as_tuple(cell(x))[0].mul(2.0).sum(), list(cell.parameters()))
        h = as_tuple(cell(x))[0]
        h.mul_(2.0)
        assert_near(grad(h.sum(), list(cell.parameters())), expected, within=1e-12)


def test_an_output_that_was_not_changed_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    run = functions.run_layer
    monkeypatch.setattr(functions, "run_layer", lambda *a: calls.append(1) or run(*a))
    y = make_problem(case_named("lstm")).compiled().y
    y.sum().backward()
    assert len(calls) == 1
    y = make_problem(case_named("lstm")).compiled().y
    y.add_(1.0).sum().backward()
    assert len(calls) == 3


def test_a_layer_that_is_called_twice_gets_both_gradients() -> None:
    results = []
    for backend in ("compiled", "reference"):
        layer = make_layer(case_named("lstm"), input_size=3, backend=backend)
        x = uniform(4, 2, 3, seed=1).requires_grad_()
        y, state = layer(x)
        z, _ = layer(y, state)
        results.append(grad(z.square().sum(), [x, *layer.parameters()]))
    assert_near(*results, within=1e-12)


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_pass_that_is_computed_again_by_torch(reentrant: bool) -> None:
    layer = make_layer(case_named("lstm"))
    x = uniform(4, 2, 2, seed=1).requires_grad_()
    leaves = [x, *layer.parameters()]
    expected = grad(layer(x)[0].square().sum(), leaves)
    y = checkpoint(lambda x: layer(x)[0], x, use_reentrant=reentrant)
    y.square().sum().backward()
    assert all(torch.equal(leaf.grad, g) for leaf, g in zip(leaves, expected, strict=True))  # type: ignore[arg-type]


def test_kept_tensors_may_be_moved_and_brought_back() -> None:
    problem = make_problem(case_named("lstm-everything"))
    expected = outcome(problem.compiled(), problem.leaves)
    with torch.autograd.graph.save_on_cpu():
        result = problem.compiled()
    assert all(torch.equal(a, b) for a, b in zip(outcome(result, problem.leaves), expected, strict=True))


def test_anomaly_detection() -> None:
    problem = make_problem(case_named("gru-before"))
    expected = outcome(problem.compiled(), problem.leaves)
    with pytest.warns(UserWarning, match="Anomaly Detection"), torch.autograd.detect_anomaly():
        ours = outcome(problem.compiled(), problem.leaves)
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_hooks_see_the_gradient_and_may_change_it() -> None:
    problem = make_problem(case_named("lstm"))
    y = problem.compiled().y
    expected = grad(2 * y.sum(), problem.x, retain_graph=True)
    y.register_hook(lambda g: 2 * g)
    assert torch.equal(grad(y.sum(), problem.x)[0], expected[0])


def test_a_part_of_the_output_may_be_used_alone() -> None:
    problem = make_problem(case_named("lstm"), steps=5)
    for part in (lambda y: y[2], lambda y: y[:, 1], lambda y: y[..., :1], lambda y: y[-1, 0, 0]):
        ours = grad(part(problem.compiled().y).sum(), problem.leaves, materialize_grads=True)
        expected = grad(part(problem.run().y).sum(), problem.leaves, materialize_grads=True)
        assert_near(ours, expected, within=1e-13)


def test_an_elman_layer_keeps_nothing_that_its_output_holds() -> None:
    layer = unrolled.RNN(3, 5)
    x = uniform(7, 4, 3, seed=0, dtype=torch.float32).requires_grad_()
    sizes: dict[int, int] = {}

    def keep(t: Tensor) -> Tensor:
        sizes[t.data_ptr()] = t.numel()
        return t

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        y, h = layer(x)
    weights = sum(p.numel() for p in layer.parameters())
    assert sum(sizes.values()) <= x.numel() + y.numel() + 2 * h.numel() + weights
