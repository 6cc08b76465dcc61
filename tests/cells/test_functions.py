"""The functions of a step: torch's for tensors, recorded for traced values."""

import pytest
import torch
import torch.nn.functional as F

from imports import run
from unrolled.cells import CELLS, GRU, LSTM, functions
from unrolled.cells.functions import Traced


class Recorded(Traced):
    def apply(self, function, *arguments):
        return function, arguments


X, W, BIAS = torch.randn(3, 4), torch.randn(4, 4), torch.randn(4)
EXPECTED = {
    "linear": ((W, BIAS), F.linear(X, W, BIAS)),
    "layer_norm": ((W[0], BIAS), F.layer_norm(X, (4,), W[0], BIAS)),
    "sigmoid": ((), torch.sigmoid(X)),
    "tanh": ((), torch.tanh(X)),
    "relu": ((), torch.relu(X)),
    "log_sigmoid": ((), F.logsigmoid(X)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_function_is_torchs_and_is_recorded_for_a_traced_value(name):
    arguments, expected = EXPECTED[name]
    function = getattr(functions, name)
    assert torch.equal(function(X, *arguments), expected)
    assert function(Recorded(), *arguments) == (name, arguments)


def test_a_missing_bias_is_recorded_as_none():
    assert functions.linear(Recorded(), W) == ("linear", (W, None))
    assert functions.layer_norm(Recorded(), BIAS) == ("layer_norm", (BIAS, None))


@pytest.mark.parametrize("cell", [LSTM(layer_norm=True), GRU(reset="before")])
def test_a_step_computes_the_same_under_torch_compile(cell):
    p = {name: torch.randn(shape) for name, shape in cell.shapes(4, 4).items()}
    state = tuple(torch.randn(2, size) for size in cell.state_sizes(4))

    def step(x):
        return cell.step(cell.project(x, p), state, p, {})[0][0]

    compiled = torch.compile(step, fullgraph=True, backend="eager")
    assert torch.equal(compiled(X[:2]), step(X[:2]))


@pytest.mark.slow
def test_the_first_call_of_a_process_can_be_compiled():
    run(
        "import torch; from unrolled.cells.functions import linear, sigmoid\n"
        "step = torch.compile(lambda x: sigmoid(linear(x, x)), fullgraph=True, backend='eager')\n"
        "assert step(torch.eye(2)).shape == (2, 2)"
    )


def test_cells_are_described_without_torch():
    run(
        "import sys; sys.modules['torch'] = None\nfrom unrolled.cells import CELLS\n"
        f"assert [c.name for c in CELLS] == {[c.name for c in CELLS]}\n"
        "assert all(c().shapes(2, 3)['weight_ih'] == (3 * c().gates, 2) for c in CELLS)"
    )
