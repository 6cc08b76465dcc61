"""The numpy reference of programs equals the layers, and its int8 products are close to exact ones."""

from typing import Any

import numpy as np
import pytest

from c_models import program_of, random_inputs, run_module, weights_of
from unrolled.cells import CELLS, Cell
from unrolled.layers import Window
from unrolled.layers.recurrent import Recurrent
from unrolled.programs.evaluate import Evaluator
from unrolled.programs.quantise import Int8Product, quantise_rows, quantise_vector


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layer_norm", [False, True])
def test_cells(cell: type[Cell], layer_norm: bool) -> None:
    layer = Recurrent(4, 6, 2, cell=cell(layer_norm=layer_norm))
    check(layer)


def test_windows() -> None:
    check(Window(4, 6, windows=(3, 2)))


def check(layer: Any) -> None:
    program = program_of(layer)
    inputs, _ = random_inputs(program, 9)
    y = Evaluator(program, weights_of(layer)).run(inputs, {})["y"]
    np.testing.assert_allclose(y, run_module(layer, inputs["x"]), atol=1e-5)


def test_gates_keep_their_names() -> None:
    (lstm,) = (cell for cell in CELLS if cell.name == "lstm")
    labels = program_of(Recurrent(2, 3, 2, cell=lstm())).labels
    assert sorted(labels.values()) == ["f_l0", "f_l1", "g_l0", "g_l1", "i_l0", "i_l1", "o_l0", "o_l1"]


def test_int8_products_are_close() -> None:
    rng = np.random.default_rng(0)
    weight, vector = rng.normal(size=(20, 300)).astype(np.float32), rng.normal(size=300).astype(np.float32)
    exact = weight @ vector
    assert np.abs(Int8Product()(weight, vector) - exact).max() < 0.02 * np.abs(exact).max()


def test_quantised_values_are_within_half_a_step() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(5, 40)).astype(np.float32)
    q, scales = quantise_rows(weight)
    assert np.abs(q).max(axis=1).tolist() == [127] * 5
    assert (np.abs(q * scales[:, None] - weight) <= 0.5001 * scales[:, None]).all()
    q_vector, scale = quantise_vector(weight[0])
    assert np.abs(q_vector * scale - weight[0]).max() <= 0.5001 * scale


def test_zeros_stay_zeros() -> None:
    q, scales = quantise_rows(np.zeros((2, 3), np.float32))
    assert not q.any()
    assert not scales.any()
    q_vector, scale = quantise_vector(np.zeros(3, np.float32))
    assert not q_vector.any()
    assert scale == 0
