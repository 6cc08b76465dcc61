"""RNNCell, LSTMCell and GRUCell equal torch's cells."""

import copy
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd import grad

import unrolled as ur
from numerics import (
    BACKENDS,
    COMPILED,
    as_hidden,
    as_tuple,
    assert_all_close,
    needs_extension,
    scatter_parameters,
    uniform,
    weighted_sum,
)
from property_settings import examples
from unrolled.backends import BackendName
from unrolled.cells import GRU, LSTM
from unrolled.errors import BackendError, ShapeError

KINDS = ("RNNCell", "LSTMCell", "GRUCell")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
@examples(25)
@given(data=st.data())
def test_steps_and_gradients_equal_torch(kind: str, backend: str, data: st.DataObject) -> None:
    inputs, hidden = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    batch = data.draw(st.sampled_from(((), (1,), (4,))))
    dtype = data.draw(st.sampled_from((torch.float32, torch.float64)))
    options: dict[str, Any] = {"bias": data.draw(st.booleans()), "dtype": dtype}
    if kind == "RNNCell":
        options["nonlinearity"] = data.draw(st.sampled_from(("tanh", "relu")))
    given_state = data.draw(st.booleans())
    cell = getattr(ur, kind)(inputs, hidden, **options, backend=backend)
    torch_cell = getattr(nn, kind)(inputs, hidden, **options)
    scatter_parameters(list(cell.parameters()), 3)
    torch_cell.load_state_dict(cell.state_dict(), strict=True)
    assert cell.explain().path == backend
    x = uniform(*batch, inputs, seed=1, dtype=dtype).requires_grad_()
    states = tuple(
        uniform(*batch, hidden, seed=2 + i, dtype=dtype).requires_grad_()
        for i in range(2 if kind == "LSTMCell" else 1)
    )
    results, gradients = [], []
    for layer in (cell, torch_cell):
        new = as_tuple(layer(x, as_hidden(states)) if given_state else layer(x))
        leaves = [x, *(states if given_state else ()), *layer.parameters()]
        results.append(new)
        gradients.append(grad(weighted_sum(new), leaves, materialize_grads=True))
    tolerance = {"rtol": 1e-10, "atol": 1e-11}
    if dtype == torch.float32:
        tolerance = {"rtol": 2e-5, "atol": 1e-5}
    assert_all_close(*results, **tolerance)
    assert_all_close(*gradients, **tolerance)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_seeds_and_state_dicts_are_compatible_with_torch(kind: str, bias: bool) -> None:
    torch.manual_seed(5)
    cell = getattr(ur, kind)(3, 4, bias=bias)
    torch.manual_seed(5)
    torch_cell = getattr(nn, kind)(3, 4, bias=bias)
    assert list(cell.state_dict()) == list(torch_cell.state_dict())
    for p, q in zip(cell.parameters(), torch_cell.parameters(), strict=True):
        assert torch.equal(p, q)
    x = uniform(2, 3, seed=0, dtype=torch.float32)
    torch_cell.reset_parameters()
    cell.load_state_dict(torch_cell.state_dict(), strict=True)
    assert_all_close(as_tuple(cell(x)), as_tuple(torch_cell(x)), rtol=1e-6, atol=1e-6)
    cell.reset_parameters()
    torch_cell.load_state_dict(cell.state_dict(), strict=True)
    assert_all_close(as_tuple(cell(x)), as_tuple(torch_cell(x)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_positional_arguments_follow_torch(kind: str) -> None:
    arguments = (3, 4, False, "relu") if kind == "RNNCell" else (3, 4, False)
    cell, torch_cell = getattr(ur, kind)(*arguments), getattr(nn, kind)(*arguments)
    torch_cell.load_state_dict(cell.state_dict(), strict=True)
    x, h = uniform(2, 3, seed=0, dtype=torch.float32), torch.ones(2, 4)
    hidden = (h, 2 * h) if kind == "LSTMCell" else h
    assert_all_close(as_tuple(cell(x, hidden)), as_tuple(torch_cell(x, hidden)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("cell", "layer"), [("RNNCell", "RNN"), ("LSTMCell", "LSTM"), ("GRUCell", "GRU")])
def test_steps_in_a_loop_equal_the_layer(cell: str, layer: str, backend: str) -> None:
    step = getattr(ur, cell)(3, 4, backend=backend)
    full_layer = getattr(ur, layer)(3, 4, backend=backend)
    full_layer.load_state_dict({f"{name}_l0": p for name, p in step.state_dict().items()})
    x = uniform(5, 2, 3, seed=0, dtype=torch.float32)
    y, _ = full_layer(x)
    hidden = None
    for t in range(5):
        hidden = step(x[t], hidden)
        torch.testing.assert_close(as_tuple(hidden)[0], y[t])


@pytest.mark.parametrize(
    ("step", "layer"),
    [
        (
            ur.LSTMCell(3, 4, cell=LSTM(peepholes=True, layer_norm=True)),
            ur.LSTM(3, 4, cell=LSTM(peepholes=True, layer_norm=True)),
        ),
        (ur.GRUCell(3, 4, cell=GRU(reset="before")), ur.GRU(3, 4, cell=GRU(reset="before"))),
        (ur.RNNCell(3, 4, nonlinearity="sigmoid"), ur.RNN(3, 4, nonlinearity="sigmoid")),
    ],
    ids=["lstm", "gru", "rnn"],
)
@pytest.mark.parametrize("backend", ["auto", COMPILED])
def test_cells_without_torch_kernel_equal_their_layer(
    step: nn.Module, layer: nn.Module, backend: BackendName
) -> None:
    layer.load_state_dict({f"{name}_l0": p for name, p in step.state_dict().items()})
    step = copy.deepcopy(step)
    step.backend = backend
    x = uniform(3, 2, 3, seed=0, dtype=torch.float32)
    y, _ = layer(x)
    hidden = None
    for t in range(3):
        hidden = step(x[t], hidden)
    torch.testing.assert_close(as_tuple(hidden)[0], y[2])
    assert step.explain().path == ("reference" if backend == "auto" else "compiled")
    assert "torch has no kernel" in step.explain().reason or backend == "compiled"


@needs_extension
def test_the_compiled_loop_runs_a_single_step_only_on_request() -> None:
    assert str(ur.LSTMCell(3, 4).explain().reason).startswith(
        "packing the weights for the compiled loop does not pay off"
    )
    assert ur.LSTMCell(3, 4, backend="compiled").explain().path == "compiled"


@pytest.mark.parametrize("kind", KINDS)
def test_mismatched_shapes_are_refused(kind: str) -> None:
    step = getattr(ur, kind)(3, 4)
    with pytest.raises(ShapeError, match=r"\(batch, 3\) or \(3,\), got \(2, 5\)"):
        step(torch.zeros(2, 5))
    with pytest.raises(ShapeError, match=r"got \(2, 2, 3\)"):
        step(torch.zeros(2, 2, 3))
    wrong_state = torch.zeros(2, 5)
    with pytest.raises(ShapeError, match=r"\(2, 4\).*got \[\(2, 5\)"):
        step(torch.zeros(2, 3), (wrong_state, wrong_state) if kind == "LSTMCell" else wrong_state)
    if kind == "LSTMCell":
        with pytest.raises(ShapeError, match=r"\(h, c\)"):
            step(torch.zeros(2, 3), torch.zeros(2, 4))


def test_a_backend_that_cannot_run_the_step_is_refused(no_extension: None) -> None:
    x = torch.zeros(2, 3)
    with pytest.raises(BackendError, match="use backend='auto' or 'reference'"):
        ur.GRUCell(3, 4, cell=GRU(reset="before"), backend="aten")(x)
    with pytest.raises(BackendError, match="use backend='auto', 'aten' or 'reference'"):
        ur.GRUCell(3, 4, backend="compiled")(x)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_backend_is_refused(kind: str) -> None:
    with pytest.raises(BackendError, match="'fastest'"):
        getattr(ur, kind)(3, 4, backend="fastest")(torch.zeros(2, 3))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_dtype_is_refused(kind: str, backend: str) -> None:
    step = getattr(ur, kind)(3, 4, backend=backend)
    with pytest.raises(ShapeError, match=r"float64.*float32"):
        step(torch.zeros(2, 3, dtype=torch.float64))
