"""The C source of every cell computes what the layer computes, in float32 and in int8."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from c_models import CModel, compile_library, program_of, random_inputs, run_module, weights_of
from unrolled.cells import CELLS, GRU, LSTM, Cell, Elman, Jordan, Masks, MinLSTM, Parameters, State
from unrolled.exporters.c import export_c
from unrolled.layers import RecurrentDrop, Window
from unrolled.layers.recurrent import Recurrent
from unrolled.programs.evaluate import Evaluator
from unrolled.programs.quantise import Int8Product


@dataclass(frozen=True, kw_only=True)
class Gated(Cell):
    """A user's cell: h_t = s h_{t-1} + (1 − s) softsign-like(a), with many operations of torch."""

    gate_names = ("s", "g")

    def step(self, a: Tensor, state: State, p: Parameters, masks: Masks) -> tuple[State, dict[str, Tensor]]:
        (h,) = state
        s, g = (a + self.recur(h, p)).chunk(2, dim=-1)
        s = torch.clamp(F.softplus(s) * 0.3, max=1.0)
        g = torch.where(g > 0, torch.sqrt(g.abs() + 1e-3), torch.exp(g) - torch.log(1 + g * g))
        weights = torch.softmax(g, dim=-1)
        new = s * h + (1 - s) * (g * weights - g.mean(dim=-1, keepdim=True)) + torch.round(g) / 8
        return (torch.minimum(new, torch.tanh(new) + 2),), {"s": s, "g": g}


STACKS: dict[str, dict[str, Any]] = {
    "lstm": {"cell": LSTM(), "num_layers": 2},
    "lstm without bias": {"cell": LSTM(), "bias": False},
    "lstm peepholes": {"cell": LSTM(peepholes=True)},
    "lstm layer norm": {"cell": LSTM(layer_norm=True), "num_layers": 2},
    "lstm all": {
        "cell": LSTM(layer_norm=True, peepholes=True),
        "num_layers": 3,
        "skip": 3,
        "residual": True,
        "drop": RecurrentDrop(zoneout=0.2, zoneout_cell=0.3),
    },
    "lstm projection": {"cell": LSTM(), "proj_size": 3, "num_layers": 2},
    "lstm zoneout": {"cell": LSTM(), "drop": RecurrentDrop(zoneout=0.1)},
    "gru": {"cell": GRU(), "num_layers": 2},
    "gru before": {"cell": GRU(reset="before"), "num_layers": 2},
    "gru before layer norm": {"cell": GRU(reset="before", layer_norm=True)},
    "gru after layer norm": {"cell": GRU(layer_norm=True), "skip": 2},
    "elman": {"cell": Elman(), "num_layers": 3, "residual": True},
    "elman relu": {"cell": Elman(nonlinearity="relu", layer_norm=True)},
    "elman sigmoid": {"cell": Elman(nonlinearity="sigmoid")},
    "jordan": {"cell": Jordan(output_features=3), "num_layers": 2},
    "jordan identity": {"cell": Jordan(output_nonlinearity="identity", layer_norm=True)},
    "minlstm": {"cell": MinLSTM(), "num_layers": 2},
    "minlstm layer norm": {"cell": MinLSTM(layer_norm=True), "drop": RecurrentDrop(zoneout=0.1)},
    "user's cell": {"cell": Gated(), "num_layers": 2},
}


def test_every_cell_is_tested() -> None:
    assert {type(options["cell"]) for options in STACKS.values()} == {*CELLS, Gated}


def check_both_precisions(folder: Path, layer: Any) -> None:
    program, weights = program_of(layer), weights_of(layer)
    inputs, _ = random_inputs(program, 20)
    export_c(program, weights, folder, name="single")
    export_c(program, weights, folder, name="quantised", precision="int8")
    library = compile_library(folder, "single", "quantised")
    expected = run_module(layer, inputs["x"])
    y = CModel(library, "single", program).run(inputs, {})["y"]
    np.testing.assert_allclose(y, expected, atol=1e-5, rtol=1e-5)
    y = CModel(library, "quantised", program).run(inputs, {})["y"]
    reference = Evaluator(program, weights, Int8Product()).run(inputs, {})["y"]
    # The last bit of a float may decide how a value is rounded to int8: rarely, and then by one unit.
    np.testing.assert_allclose(y, reference, atol=0.02, rtol=0.02)
    assert np.mean(np.abs(y - reference) < 1e-5 * np.maximum(1, np.abs(reference))) > 0.9
    assert np.abs(reference - expected).max() > 1e-4  # int8 was used


@pytest.mark.thin(2)
@pytest.mark.parametrize("kind", STACKS)
def test_cells(kind: str, tmp_path: Path) -> None:
    layer = Recurrent(5, 18, **STACKS[kind])
    check_both_precisions(tmp_path, layer)


@pytest.mark.parametrize(
    "options",
    [{"windows": (3, 2)}, {"windows": (1, 4, 2), "residual": True, "nonlinearity": "relu"}],
    ids=["two", "three"],
)
def test_windows(options: dict[str, Any], tmp_path: Path) -> None:
    check_both_precisions(tmp_path, Window(5, 17, **options))
