"""The runtime computes what the layers under torch compute."""

import numpy as np
import pytest
import torch

from numerics import CASES, Case, needs_extension
from program_reference import program_of, weights_of
from unrolled.cells import GRU, LSTM, Elman
from unrolled.engine import Engine
from unrolled.layers import Recurrent, RecurrentDrop, Window

pytestmark = needs_extension

OPTIONS = {
    "plain": {},
    "two-layers": {"num_layers": 2},
    "residual": {"num_layers": 3, "residual": True},
    "skip": {"num_layers": 2, "skip": 3},
    "zoneout": {"num_layers": 2, "drop": RecurrentDrop(zoneout=0.2)},
}


def run_both(layer: Recurrent | Window, steps: int = 6, batch: int = 3) -> tuple[np.ndarray, np.ndarray]:
    x = torch.randn(steps, batch, layer.input_size)
    with torch.no_grad():
        expected = layer.eval()(x)[0].numpy()
    engine = Engine(program_of(layer), weights_of(layer))
    return engine.stream(batch).run({"x": x.numpy()})["y"], expected


@pytest.mark.thin(7)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_cell_and_option(case: Case, options: str) -> None:
    layer = Recurrent(5, 13, bias=case.bias, proj_size=case.proj_size, cell=case.cell, **OPTIONS[options])
    ours, expected = run_both(layer)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=3e-6)


def test_zoneout_of_the_cell_state() -> None:
    ours, expected = run_both(Recurrent(4, 7, cell=LSTM(), drop=RecurrentDrop(zoneout=0.1, zoneout_cell=0.3)))
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("residual", [False, True])
def test_window_networks(residual: bool) -> None:
    ours, expected = run_both(Window(3, 6, (4, 1, 2), residual=residual), steps=9)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cell", [LSTM(), GRU(), Elman()], ids=lambda cell: type(cell).__name__)
@pytest.mark.parametrize("sizes", [(1, 1), (16, 16), (17, 33), (130, 70)])
def test_sizes_around_the_width_of_vectors(cell: object, sizes: tuple[int, int]) -> None:
    ours, expected = run_both(Recurrent(*sizes, cell=cell), batch=2)  # type: ignore[arg-type]
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=3e-6)


def test_the_final_state_is_that_of_the_layer() -> None:
    layer = Recurrent(4, 5, 2, cell=LSTM())
    x = torch.randn(6, 3, 4)
    with torch.no_grad():
        h, c = layer(x)[1]
    stream = Engine(program_of(layer), weights_of(layer)).stream(3)
    stream.run({"x": x.numpy()})
    state = stream.state()
    assert list(state) == ["h_l0", "c_l0", "h_l1", "c_l1"]
    for k in range(2):
        np.testing.assert_allclose(state[f"h_l{k}"], h[k], atol=1e-6)
        np.testing.assert_allclose(state[f"c_l{k}"], c[k], atol=1e-6)
