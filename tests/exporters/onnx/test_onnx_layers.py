"""Layers as ONNX graphs give the numbers of the modules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("onnx.helper", reason="onnx is not installed")
pytest.importorskip("onnxruntime")

from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan, MinLSTM
from unrolled.errors import ExportError, ProgramError
from unrolled.exporters.onnx import describe, describe_layer
from unrolled.exporters.onnx.check import TOLERANCE, Session
from unrolled.exporters.onnx.examples import make_inputs
from unrolled.exporters.onnx.graph import FLOAT32
from unrolled.exporters.onnx.torch_reference import numpy_weights, torch_references
from unrolled.exporters.onnx.weights import Weights
from unrolled.layers import Recurrent, RecurrentDrop, Window

WITHIN = 2e-5

STANDARD = {
    "lstm": LSTM(),
    "peepholes": LSTM(peepholes=True),
    "gru": GRU(),
    "gru-before": GRU(reset="before"),
    "elman": Elman(),
    "relu": Elman(nonlinearity="relu"),
    "sigmoid": Elman(nonlinearity="sigmoid"),
}
OTHERS = {
    "normalised-lstm": LSTM(layer_norm=True, peepholes=True),
    "normalised-gru": GRU(layer_norm=True, reset="before"),
    "normalised-elman": Elman(layer_norm=True),
    "jordan": Jordan(output_features=3),
    "minlstm": MinLSTM(),
}
OPTIONS = {
    "plain": {},
    "no-bias": {"bias": False},
    "skip": {"skip": 3},
    "residual": {"residual": True},
    "zoneout": {"drop": RecurrentDrop(zoneout=0.2)},
}
OPERATORS = {"lstm": "LSTM", "gru": "GRU", "elman": "RNN"}


@dataclass(frozen=True, kw_only=True)
class Everything(Cell):
    """A cell with every operation that a step program has."""

    gate_names: ClassVar[tuple[str, ...]] = ("a", "b")

    def step(self, a: Tensor, state: Any, p: Any, masks: Any) -> Any:
        (h,) = state
        u, v = (a + self.recur(h, p)).chunk(2, dim=-1)
        size = u.shape[-1]
        u = torch.where(u > v, torch.relu(u), torch.exp(-u.abs()))
        u = torch.nn.functional.layer_norm(u, (size,)) / (1 + torch.nn.functional.softplus(v))
        v = torch.minimum(v, u).clamp(-2.0, 2.0) - torch.log(1.5 + torch.sigmoid(u).square())
        joined = torch.cat([torch.tanh(v)[..., 1:], torch.nn.functional.logsigmoid(u)[..., :1]], dim=-1)
        w = joined.softmax(-1) + torch.sqrt(u.square().sum(-1, keepdim=True) + 1.0) - u.amax(-1, keepdim=True)
        return (w * 0.3 + 0.1 * torch.round(3.3 * h) - p["bias_hh"][:size],), {}


class Untraceable(Elman):
    """A cell whose step a program cannot hold."""

    def step(self, a: Tensor, state: Any, p: Any, masks: Any) -> Any:
        return (torch.sin(a + self.recur(state[0], p)),), {}


def run(session: Session, inputs: dict[str, Any], begin: int, end: int) -> dict[str, Any]:
    return session.run(inputs | {"x": inputs["x"][begin:end]})


@pytest.mark.thin(7)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", STANDARD | OTHERS)
def test_every_cell_and_option(export: Callable, name: str, options: str, bidirectional: bool):
    cell = (STANDARD | OTHERS)[name]
    layer = Recurrent(5, 6, 2, cell=cell, bidirectional=bidirectional, **OPTIONS[options])
    (check,) = export(layer).checks
    # Normalisation over few units amplifies rounding errors.
    assert check.largest_difference < (TOLERANCE if cell.layer_norm else WITHIN)
    assert (check.step_difference is None) == bidirectional


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("batch_first", [False, True])
def test_layers_of_torch(export: Callable, layer: type[nn.RNNBase], batch_first: bool):
    module = layer(5, 6, 2, batch_first=batch_first)
    exported = export(module)
    assert exported.checks[0].largest_difference < WITHIN
    assert (exported.checks[0].rows, exported.checks[0].steps) == (3, 12)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_projection(export: Callable, bidirectional: bool):
    layer = Recurrent(5, 6, 2, cell=LSTM(), proj_size=4, bidirectional=bidirectional)
    assert export(layer).checks[0].largest_difference < WITHIN


@pytest.mark.parametrize("bidirectional", [False, True])
def test_windows_need_no_loop(export: Callable, operators: Callable, bidirectional: bool):
    layer = Window(5, 6, (4, 3, 1), residual=True, bidirectional=bidirectional)
    exported = export(layer)
    assert exported.checks[0].largest_difference < WITHIN
    assert "Scan" not in operators(exported.files["model"])


@pytest.mark.parametrize("name", STANDARD)
def test_standard_cells_are_operators(export: Callable, operators: Callable, name: str):
    layer = Recurrent(5, 6, 2, cell=STANDARD[name])
    found = operators(export(layer).files["model"])
    assert found.count(OPERATORS[layer.cell.name]) == 2
    assert "Scan" not in found


def test_a_cell_of_the_user(export: Callable, operators: Callable):
    layer = Recurrent(5, 6, cell=Everything(), skip=2)
    exported = export(layer)
    assert exported.checks[0].largest_difference < WITHIN
    assert "Scan" in operators(exported.files["model"])


def test_a_subclass_of_a_standard_cell_keeps_its_step(export: Callable, operators: Callable):
    class Halved(LSTM):
        def step(self, a: Tensor, state: Any, p: Any, masks: Any) -> Any:
            (h, c), gates = super().step(a, state, p, masks)
            return (h * 0.5, c), gates

    layer = Recurrent(5, 6, cell=Halved())
    exported = export(layer)
    assert exported.checks[0].largest_difference < WITHIN
    assert "LSTM" not in operators(exported.files["model"])


def test_a_step_that_no_program_holds(export: Callable):
    layer = Recurrent(5, 6, cell=Untraceable())
    with pytest.raises(ProgramError, match="torch's sin is not an operation of step programs"):
        export(layer)


@pytest.mark.thin(3)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize(
    "name", ["lstm", "gru-before", "relu", "normalised-lstm", "minlstm", "skip", "window"]
)
def test_rows_of_different_lengths(export: Callable, name: str, bidirectional: bool):
    match name:
        case "window":
            layer: Any = Window(5, 6, (3, 2), residual=True, bidirectional=bidirectional)
        case "skip":
            layer = Recurrent(5, 6, 2, cell=GRU(), skip=3, residual=True, bidirectional=bidirectional)
        case _:
            layer = Recurrent(5, 6, 2, cell=(STANDARD | OTHERS)[name], bidirectional=bidirectional)
    description = describe_layer(layer, lengths=True)
    inputs = make_inputs(description.graphs(Weights(numpy_weights(layer)), FLOAT32)["model"])
    inputs["lengths"] = np.array([12, 1, 7])
    inputs["x"][1:, 1] = inputs["x"][7:, 2] = np.nan  # the padding may hold anything
    (check,) = export(layer, description, inputs={"model": inputs}).checks
    assert check.difference < WITHIN


@pytest.mark.parametrize("name", ["lstm", "gru", "normalised-lstm", "skip", "window"])
def test_any_number_of_rows_and_steps_and_pieces(export: Callable, name: str):
    match name:
        case "window":
            layer: Any = Window(5, 6, (4, 3))
        case "skip":
            layer = Recurrent(5, 6, 2, cell=MinLSTM(), skip=3)
        case _:
            layer = Recurrent(5, 6, 2, cell=(STANDARD | OTHERS)[name])
    description = describe_layer(layer)
    session = Session(export(layer, description).files["model"])
    graph = description.graphs(Weights(numpy_weights(layer)), FLOAT32)["model"]
    reference = torch_references(description, layer)["model"].run
    for steps, rows in [(1, 1), (7, 5), (40, 1), (2, 17)]:
        inputs = make_inputs(graph, time=steps, batch=rows)
        outputs, expected = session.run(inputs), reference(inputs)
        for key, value in expected.items():
            np.testing.assert_allclose(outputs[key], value, atol=WITHIN)
        first = run(session, inputs, 0, steps // 2) if steps > 1 else {}
        carried = {state: first[f"next_{state}"] for state in session.states} if first else {}
        second = run(session, inputs | carried, steps // 2, steps)
        joined = np.concatenate([*([first["y"]] if first else []), second["y"]])
        np.testing.assert_allclose(joined, expected["y"], atol=WITHIN)


def test_rounding_that_grows_is_not_an_error(export: Callable):
    layer = Recurrent(5, 200, 2, cell=LSTM(layer_norm=True))  # chaotic before training
    description = describe_layer(layer)
    graph = description.graphs(Weights(numpy_weights(layer)), FLOAT32)["model"]
    (check,) = export(layer, description, inputs={"model": make_inputs(graph, time=200)}).checks
    assert check.largest_difference > TOLERANCE
    assert check.rounding.error > TOLERANCE / 4
    assert check.rounding.first_difference < WITHIN


def test_states_have_the_names_of_the_step_program(export: Callable):
    layer = Recurrent(5, 6, 2, cell=LSTM(), skip=2)
    session = Session(export(layer).files["model"])
    names = [f"{kind}_l{layer}" for layer in (0, 1) for kind in ("h", "c", "past2")]
    assert session.states == names
    assert session.outputs == ["y", *(f"next_{name}" for name in names)]


def test_another_module_is_refused():
    with pytest.raises(ExportError, match="Linear is not a recurrent layer"):
        describe(nn.Linear(2, 3))
