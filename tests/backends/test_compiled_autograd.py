"""The compiled loop in an autograd graph: saved and freed tensors, in-place changes, recomputation."""

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
        y_of_copy, _ = layer(y.new_tensor(x.tolist()))
    assert y.is_inference()
    assert torch.equal(y, expected)
    assert torch.equal(y_of_copy, expected)


@pytest.mark.parametrize("checkpoint_every", [None, 2])
def test_a_dropped_graph_is_freed_immediately(checkpoint_every: int | None) -> None:
    """Tensors saved for backward are in no reference cycle, which only the garbage collector would free."""
    gc.disable()
    try:
        for backward in (False, True):
            problem = make_problem(case_named("lstm"))
            saved_refs: list[weakref.ref[Tensor]] = []

            def save(t: Tensor, saved_refs: list[weakref.ref[Tensor]] = saved_refs) -> Tensor:
                copy = t.detach().clone()
                saved_refs.append(weakref.ref(copy))
                return copy

            with torch.autograd.graph.saved_tensors_hooks(save, lambda t: t):
                y = problem.compiled([4, 2, 3], checkpoint_every=checkpoint_every).y
            assert saved_refs
            assert all(ref() is not None for ref in saved_refs)
            if backward:
                y.sum().backward()
            del y
            assert all(ref() is None for ref in saved_refs)
    finally:
        gc.enable()


@pytest.mark.parametrize("tensor_name", ["x", "h0", "c0", "weight_ih", "weight_hh"])
def test_overwriting_a_saved_tensor_before_backward_is_an_error(tensor_name: str) -> None:
    problem = make_problem(case_named("lstm"))
    tensors = {"x": problem.x, "h0": problem.state[0], "c0": problem.state[1], **problem.p}
    y = problem.compiled().y
    with torch.no_grad():
        tensors[tensor_name].add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_overwriting_a_mask_before_backward_is_an_error() -> None:
    mask = torch.ones(4, 3, 3, dtype=torch.float64)
    y = make_problem(case_named("gru-after")).compiled(masks={"candidate": mask}).y
    mask.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def change_by_view(y: Tensor) -> Tensor:
    y.transpose(0, 1)[:, -1].mul_(3.0)
    return y


IN_PLACE = {
    "relu": (torch.relu_, torch.relu),
    "add": (lambda y: y.add_(1.0), lambda y: y + 1.0),
    "dropout": (
        lambda y: torch.nn.functional.dropout(y, 0.0, training=True, inplace=True),
        lambda y: torch.nn.functional.dropout(y, 0.0, training=True),
    ),
    "a view": (change_by_view, lambda y: torch.cat([y[:-1], y[-1:] * 3.0])),
    "filled": (lambda y: y.masked_fill_(y > 0.1, 0.0), lambda y: y.masked_fill(y > 0.1, 0.0)),
}


@pytest.mark.thin(3)
@pytest.mark.parametrize("change", IN_PLACE)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_output_may_be_changed_in_place(case: Case, change: str) -> None:
    """As with torch.nn.RNN and GRU, but for every cell."""
    in_place, out_of_place = IN_PLACE[change]
    for checkpoint_every in (None, 2):
        layer = make_layer(
            case, num_layers=2, bidirectional=True, checkpoint_every=checkpoint_every, backend="compiled"
        )
        x = uniform(5, 3, 2, seed=1).requires_grad_()
        leaves = [x, *layer.parameters()]
        expected = grad(out_of_place(layer(x, lengths=[5, 2, 3])[0]).square().sum(), leaves)
        y, _ = layer(x, lengths=[5, 2, 3])
        total = in_place(y).square().sum()
        for retain_graph in (True, False):
            assert_near(grad(total, leaves, retain_graph=retain_graph), expected, within=1e-12)


def test_final_states_may_be_changed_in_place() -> None:
    for make in (unrolled.RNNCell, unrolled.LSTMCell, unrolled.GRUCell):
        cell = make(2, 3, dtype=torch.float64, backend="compiled")
        x = uniform(3, 2, seed=1)
        expected = grad(as_tuple(cell(x))[0].mul(2.0).sum(), list(cell.parameters()))
        h = as_tuple(cell(x))[0]
        h.mul_(2.0)
        assert_near(grad(h.sum(), list(cell.parameters())), expected, within=1e-12)


def test_only_a_changed_output_is_recomputed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    run = functions.run_layer
    monkeypatch.setattr(functions, "run_layer", lambda *a: calls.append(1) or run(*a))
    y = make_problem(case_named("lstm")).compiled().y
    y.sum().backward()
    assert len(calls) == 1
    y = make_problem(case_named("lstm")).compiled().y
    y.add_(1.0).sum().backward()
    assert len(calls) == 3


def test_a_layer_called_twice_sums_both_gradients() -> None:
    results = []
    for backend in ("compiled", "reference"):
        layer = make_layer(case_named("lstm"), input_size=3, backend=backend)
        x = uniform(4, 2, 3, seed=1).requires_grad_()
        y, state = layer(x)
        z, _ = layer(y, state)
        results.append(grad(z.square().sum(), [x, *layer.parameters()]))
    assert_near(*results, within=1e-12)


@pytest.mark.parametrize("reentrant", [False, True])
def test_torch_checkpoint_recomputes_the_pass(reentrant: bool) -> None:
    layer = make_layer(case_named("lstm"))
    x = uniform(4, 2, 2, seed=1).requires_grad_()
    leaves = [x, *layer.parameters()]
    expected = grad(layer(x)[0].square().sum(), leaves)
    y = checkpoint(lambda x: layer(x)[0], x, use_reentrant=reentrant)
    y.square().sum().backward()
    assert all(torch.equal(leaf.grad, g) for leaf, g in zip(leaves, expected, strict=True))  # type: ignore[arg-type]


def test_saved_tensor_hooks_may_copy_tensors() -> None:
    problem = make_problem(case_named("lstm-everything"))
    expected = outcome(problem.compiled(), problem.leaves)
    with torch.autograd.graph.save_on_cpu():
        result = problem.compiled()
    assert all(torch.equal(a, b) for a, b in zip(outcome(result, problem.leaves), expected, strict=True))


def test_anomaly_detection() -> None:
    problem = make_problem(case_named("gru-before"))
    expected = outcome(problem.compiled(), problem.leaves)
    with pytest.warns(UserWarning, match="Anomaly Detection"), torch.autograd.detect_anomaly():
        actual = outcome(problem.compiled(), problem.leaves)
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


def test_gradient_hooks_may_change_the_gradient() -> None:
    problem = make_problem(case_named("lstm"))
    y = problem.compiled().y
    expected = grad(2 * y.sum(), problem.x, retain_graph=True)
    y.register_hook(lambda g: 2 * g)
    assert torch.equal(grad(y.sum(), problem.x)[0], expected[0])


def test_only_a_part_of_the_output_may_be_used() -> None:
    problem = make_problem(case_named("lstm"), steps=5)
    for part in (lambda y: y[2], lambda y: y[:, 1], lambda y: y[..., :1], lambda y: y[-1, 0, 0]):
        actual = grad(part(problem.compiled().y).sum(), problem.leaves, materialize_grads=True)
        expected = grad(part(problem.run().y).sum(), problem.leaves, materialize_grads=True)
        assert_near(actual, expected, within=1e-13)


def test_an_elman_layer_saves_no_copy_of_its_output() -> None:
    layer = unrolled.RNN(3, 5)
    x = uniform(7, 4, 3, seed=0, dtype=torch.float32).requires_grad_()
    sizes: dict[int, int] = {}

    def save(t: Tensor) -> Tensor:
        sizes[t.data_ptr()] = t.numel()
        return t

    with torch.autograd.graph.saved_tensors_hooks(save, lambda t: t):
        y, h = layer(x)
    weights = sum(p.numel() for p in layer.parameters())
    assert sum(sizes.values()) <= x.numel() + y.numel() + 2 * h.numel() + weights
