"""The step program of every layer computes what the layer computes, step by step."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from evaluate_program import Evaluator
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan, MinLSTM, Parameters, State
from unrolled.errors import ProgramError
from unrolled.layers import Recurrent, RecurrentDrop, Window
from unrolled.layers.program_spec import layer_program, spec_of
from unrolled.programs.program import Program

STEPS, ROWS, INPUTS, HIDDEN = 6, 3, 5, 4


class Peephole(Cell):
    """A user's cell, written with torch's functions."""

    gate_names = ("u", "v")

    def shapes(self, input_size: int, hidden_size: int, **options: Any) -> dict[str, tuple[int, ...]]:
        return super().shapes(input_size, hidden_size, **options) | {"decay": (hidden_size,)}

    def step(self, a: Tensor, state: State, p: Parameters, masks: Any) -> Any:
        (h,) = state
        u, v = torch.split(a + torch.matmul(h, p["weight_hh"].T), h.shape[-1], dim=-1)
        gate = torch.sigmoid(u + torch.exp(-p["decay"].abs()) * h)
        new = torch.where(v > 0, torch.nn.functional.softplus(v), torch.tanh(v) * 0.5)
        norm = (new**2).mean(-1, keepdim=True).sqrt().clamp(min=0.1)
        return (gate * new / norm + (1 - gate) * torch.cat([h[..., 1:], h[..., :1]], -1),), {"u": gate}


LAYERS = {
    "lstm": lambda: Recurrent(INPUTS, HIDDEN, 2, cell=LSTM()),
    "lstm peepholes, norm": lambda: Recurrent(INPUTS, HIDDEN, cell=LSTM(peepholes=True, layer_norm=True)),
    "lstm projected": lambda: Recurrent(INPUTS, HIDDEN, 2, proj_size=3, cell=LSTM()),
    "lstm zoneout": lambda: Recurrent(
        INPUTS, HIDDEN, cell=LSTM(), drop=RecurrentDrop(zoneout=0.2, zoneout_cell=0.3)
    ),
    "gru": lambda: Recurrent(INPUTS, HIDDEN, cell=GRU()),
    "gru norm": lambda: Recurrent(INPUTS, HIDDEN, cell=GRU(layer_norm=True)),
    "gru before": lambda: Recurrent(INPUTS, HIDDEN, cell=GRU(reset="before")),
    "gru before, norm": lambda: Recurrent(INPUTS, HIDDEN, cell=GRU(reset="before", layer_norm=True)),
    "elman": lambda: Recurrent(INPUTS, HIDDEN, 2, cell=Elman(nonlinearity="sigmoid")),
    "elman no bias": lambda: Recurrent(INPUTS, HIDDEN, 2, bias=False, cell=Elman(nonlinearity="relu")),
    "jordan": lambda: Recurrent(INPUTS, HIDDEN, cell=Jordan(output_features=3)),
    "minlstm": lambda: Recurrent(INPUTS, HIDDEN, cell=MinLSTM(), drop=RecurrentDrop(zoneout=0.2)),
    "skip": lambda: Recurrent(INPUTS, HIDDEN, 2, cell=GRU(), skip=3),
    "residual": lambda: Recurrent(INPUTS, HIDDEN, 3, cell=LSTM(), residual=True),
    "user's": lambda: Recurrent(INPUTS, HIDDEN, cell=Peephole()),
    "window": lambda: Window(INPUTS, HIDDEN, (3, 1), "tanh"),
    "time-delay": lambda: Window(INPUTS, HIDDEN, (3, 2), "relu", residual=True),
}


def program_of(layer: Any) -> Program:
    return layer_program(spec_of(layer))


@pytest.mark.parametrize("name", LAYERS)
def test_a_program_computes_the_steps_of_its_layer(name: str) -> None:
    torch.manual_seed(1)
    layer = LAYERS[name]().double().eval()
    x = torch.randn(STEPS, ROWS, INPUTS, dtype=torch.float64)
    with torch.no_grad():
        expected, _ = layer(x)
    evaluator = Evaluator(program_of(layer), layer.state_dict(), ROWS)
    y = np.stack([evaluator.step(x=x_t)["y"] for x_t in x.numpy()])
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-9, atol=1e-11)


def test_the_final_states_of_a_program_are_those_of_the_layer() -> None:
    torch.manual_seed(2)
    layer = Recurrent(INPUTS, HIDDEN, 2, cell=LSTM(), proj_size=3).double()
    x = torch.randn(STEPS, ROWS, INPUTS, dtype=torch.float64)
    with torch.no_grad():
        _, (h, c) = layer(x)
    evaluator = Evaluator(program_of(layer), layer.state_dict(), ROWS)
    for x_t in x.numpy():
        evaluator.step(x=x_t)
    assert list(evaluator.states) == ["h_l0", "c_l0", "h_l1", "c_l1"]
    for layer_number in range(2):
        np.testing.assert_allclose(evaluator.states[f"h_l{layer_number}"], h[layer_number], rtol=1e-9)
        np.testing.assert_allclose(evaluator.states[f"c_l{layer_number}"], c[layer_number], rtol=1e-9)


def test_sums_of_products_become_one_chain() -> None:
    program = program_of(Recurrent(INPUTS, HIDDEN, cell=LSTM()))
    products = [op for op in program.operations if op.name == "linear"]
    assert [len(op.inputs) for op in products] == [1, 2]
    assert program.multiply_adds() == 4 * HIDDEN * (INPUTS + HIDDEN)
    assert program.state_size() == 2 * HIDDEN


class Branching(Elman):
    """A step that depends on a value."""

    def step(self, a: Tensor, state: State, p: Parameters, masks: Any) -> Any:
        return ((a if a > 0 else -a,), {})


class Sorting(Elman):
    """A step with an operation that programs lack."""

    def step(self, a: Tensor, state: State, p: Parameters, masks: Any) -> Any:
        return ((torch.sort(a, dim=-1)[0],), {})


class OverTheBatch(Elman):
    """A step that mixes rows."""

    def step(self, a: Tensor, state: State, p: Parameters, masks: Any) -> Any:
        return ((a - a.mean(0, keepdim=True),), {})


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (Branching(), "branches on the value of a tensor"),
        (Sorting(), "torch's sort is not an operation of step programs"),
        (OverTheBatch(), "another axis than the last"),
    ],
)
def test_a_step_outside_the_operations_is_an_error_that_names_it(cell: Cell, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        program_of(Recurrent(INPUTS, HIDDEN, cell=cell))


def test_a_program_prints_as_a_list_of_operations() -> None:
    text = str(program_of(Recurrent(INPUTS, HIDDEN, cell=Elman())))
    assert text.splitlines() == [
        "%0: 5 = input(x)",
        "%1: 4 = state(h_l0)",
        "%2: 4 = linear(%0, weight_ih_l0, bias_ih_l0)",
        "%3: 4 = linear(%1, %2, weight_hh_l0, bias_hh_l0)",
        "%4: 4 = tanh(%3)",
        "state h_l0 ← %4",
        "output y = %4",
    ]
