"""Exported layers give the numbers of the layers, for every cell and option, and any number of steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.prune import l1_unstructured
from torch_programs import assert_parity, load, random_inputs, run_module

import unrolled as ur
from numerics import CASES, Case, case_named, scatter_parameters
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.exporters.torch.models import layer_program, make_programs
from unrolled.exporters.torch.program import export_program
from unrolled.layers import GRUCell, LSTMCell, Recurrent, RecurrentDrop, RNNCell

LOOPS = ("operator", "scan")
DROP = RecurrentDrop(zoneout=0.5, zoneout_cell=0.25, weight=0.3, candidate=0.3, locked=0.1)


@dataclass(frozen=True, kw_only=True)
class ThreeStates(Cell):
    """A cell of a user."""

    gate_names: ClassVar[tuple[str, ...]] = ("u", "v")
    state_names: ClassVar[tuple[str, ...]] = ("h", "m", "n")

    def state_sizes(self, hidden_size: int, proj_size: int = 0) -> tuple[int, ...]:
        return (hidden_size, hidden_size, hidden_size)

    def step(self, a: Tensor, state: State, p: Parameters, masks: Masks) -> tuple[State, dict[str, Tensor]]:
        h, m, n = state
        u, v = (a + self.recur(h, p)).chunk(2, dim=-1)
        m = torch.sigmoid(u) * m + torch.sigmoid(-u) * v
        return (torch.tanh(m) + 0.1 * n, m, n), {"u": u}


def scattered(layer: Any) -> Any:
    scatter_parameters(list(layer.parameters()), 3)
    return layer


def make_layer(case: Case, **options: Any) -> Recurrent:
    return scattered(Recurrent(3, 5, cell=case.cell, bias=case.bias, proj_size=case.proj_size, **options))


def reparametrised(layer: Any) -> Any:
    l1_unstructured(layer, "weight_hh_l0", 0.5)
    return weight_norm(layer, "weight_ih_l0")


LAYERS: dict[str, Callable[[], Any]] = {
    "skip": lambda: ur.LSTM(3, 4, 2, skip=3),
    "skip both ways": lambda: ur.GRU(3, 4, 2, skip=2, bidirectional=True),
    "residual": lambda: ur.LSTM(3, 4, 3, residual=True),
    "zoneout": lambda: ur.LSTM(3, 4, 2, drop=DROP),
    "batch first": lambda: ur.GRU(3, 4, 2, batch_first=True, bidirectional=True),
    "own cell": lambda: Recurrent(3, 4, 2, cell=ThreeStates(), bidirectional=True),
    "reparametrised": lambda: reparametrised(ur.GRU(3, 4)),
    "window": lambda: ur.Window(3, 4, (5, 2, 1)),
    "window both ways": lambda: ur.Window(3, 4, (3, 3), bidirectional=True, residual=True),
    "window of one step": lambda: ur.Window(3, 4, (1,)),
    "double": lambda: ur.LSTM(3, 4, bidirectional=True, dtype=torch.float64),
}


@pytest.mark.parametrize("name", ["lstm", "gru-before-layer-norm"])
def test_a_layer(name: str) -> None:
    assert_parity(layer_program(make_layer(case_named(name))))


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_cell_in_both_directions(case: Case, lengths: bool, loop: Any) -> None:
    # The rounding of float32 grows in these layers with random weights.
    layer = make_layer(case, num_layers=2, bidirectional=True).double()
    assert_parity(layer_program(layer, lengths=lengths), loop)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The tensor attribute .* was assigned during export")  # by pruning
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_every_option(name: str, lengths: bool, loop: Any) -> None:
    assert_parity(layer_program(scattered(LAYERS[name]()), lengths=lengths), loop)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [RNNCell, GRUCell, LSTMCell])
def test_a_single_step(kind: Any) -> None:
    [program] = make_programs(scattered(kind(3, 4)))
    assert_parity(program)


def test_padding_is_not_read() -> None:
    layer = scattered(ur.LSTM(3, 4))
    program = layer_program(layer, lengths=True)
    exported, inputs = load(export_program(program)), random_inputs(program, 6, 3)
    inputs["lengths"] = torch.tensor([6, 1, 4])
    expected = run_module(program, inputs)
    inputs["input"][1:, 1] = torch.nan
    for name, output in exported(**inputs).items():
        torch.testing.assert_close(output, expected[name])
    inputs["lengths"] = torch.tensor([6, 0, 4])
    with pytest.raises(RuntimeError, match=r"lengths must lie in 1\.\.T"):
        exported(**inputs)
