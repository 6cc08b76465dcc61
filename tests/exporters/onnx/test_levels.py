"""Only what depends on the state before the step runs in the loop."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx.helper", reason="onnx is not installed")
pytest.importorskip("onnxruntime")

from unrolled.cells import GRU, LSTM, MinLSTM
from unrolled.exporters.onnx.check import Session
from unrolled.exporters.onnx.graph import Graph, Value
from unrolled.exporters.onnx.levels import Level, schedule, split_products
from unrolled.exporters.onnx.scan import run_program
from unrolled.exporters.onnx.stack import layer_programs
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, WindowSpec
from unrolled.programs.program import Program
from unrolled.programs.symbols import concat


def loop_of(program: Program) -> list[str]:
    split = split_products(program)
    return [split.operations[number].name for number in schedule(split).loop]


def program_of(cell: Any) -> Program:
    return layer_programs(RecurrentSpec(cell=cell, input_size=3, hidden_size=4, masks={}), 0)[0]


def test_the_loop_of_a_cell_whose_gates_read_the_input_alone():
    assert loop_of(program_of(MinLSTM())) == ["state", "multiply", "add"]


@pytest.mark.parametrize("cell", [LSTM(), GRU(), LSTM(layer_norm=True)])
def test_the_product_with_the_input_runs_before_the_loop(cell: Any):
    loop = loop_of(program_of(cell))
    assert loop.count("linear") == 1


def test_a_window_has_no_loop():
    program = layer_programs(WindowSpec(input_size=3, hidden_size=4, windows=(5,)), 0)[0]
    assert loop_of(program) == []


def test_a_sum_of_the_state_and_a_product_with_the_input():
    builder = Builder()
    x, h = builder.input("x", 3), builder.state("h", 4)
    w: Any = builder.parameter("w", (4, 3))
    builder.set_state("h", h + x.linear(w))
    program = split_products(builder.finish(y=h))
    assert [program.operations[n].name for n in schedule(program).loop] == ["state", "add"]
    levels = schedule(program).levels
    assert levels[program.outputs["y"]] is Level.LOOP


def test_values_that_depend_on_parameters_alone():
    """A concatenation, a state and an output need the axes of a batch, which such values do not have."""
    builder = Builder()
    x, h = builder.input("x", 2), builder.state("h", 4)
    unread = builder.state("unread", 2)
    p: Any = builder.parameter("p", (2,))
    builder.set_state("h", concat([p.symbol().tanh(), x * 0.5 + h.part(0, 2)]))
    builder.set_state("unread", p.symbol() * 2.0)
    del unread
    program = builder.finish(y=concat([h, builder.constant(3.0)]))
    graph = Graph()
    inputs = {"x": ("time", "batch", 2), "h": ("batch", 4), "unread": ("batch", 2)}
    for name, shape in inputs.items():
        graph.input(Value(name, shape))
    array = np.array([0.5, -1.0], np.float32)
    states = {"h": "h", "unread": "unread"}
    y, finals = run_program(graph, program, Weights({"p": array}), "x", states, None)
    graph.output(Value("y", ("time", "batch", 5)), y)
    for name in states:
        graph.output(Value(f"next_{name}", ("batch", inputs[name][1])), finals[name])
    rng = np.random.default_rng(0)
    x_value, h_value = (rng.standard_normal(shape, np.float32) for shape in ((3, 2, 2), (2, 4)))
    feed = {"x": x_value, "h": h_value, "unread": np.zeros((2, 2), np.float32)}
    outputs = Session(graph.to_model("model", {"states": "[]"}).SerializeToString()).run(feed)
    for x_t, y_t in zip(x_value, outputs["y"], strict=True):
        np.testing.assert_allclose(y_t, np.concatenate([h_value, np.full((2, 1), 3.0)], -1), atol=1e-6)
        top = np.broadcast_to(np.tanh(array), (2, 2))
        h_value = np.concatenate([top, x_t * 0.5 + h_value[:, :2]], -1)
    np.testing.assert_allclose(outputs["next_h"], h_value, atol=1e-6)
    np.testing.assert_allclose(outputs["next_unread"], np.broadcast_to(array * 2, (2, 2)))
