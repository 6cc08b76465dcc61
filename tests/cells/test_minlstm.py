"""The minLSTM step follows the equations of its docstring, and works wherever a cell does."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from formulas import Vector, each, normalise, plus, product, sigmoid, times
from numerics import BACKENDS, Case, make_problem, needs_extension, uniform
from unrolled import LanguageModel
from unrolled.cells import MinLSTM
from unrolled.errors import ConfigError
from unrolled.layers import Recurrent, RecurrentDrop
from unrolled.models import CellConfig


def min_lstm(x: Vector, h: Vector, p: dict[str, Tensor]) -> dict[str, Vector]:
    """Return h and the gates of one step of one row, from the equations."""
    if "weight_ln_ih" in p:
        a = normalise(product(p["weight_ih"], x), p["weight_ln_ih"], p.get("bias_ih"))
    else:
        a = product(p["weight_ih"], x, p.get("bias_ih"))
    f, i, g = (a[k * len(h) : (k + 1) * len(h)] for k in range(3))
    f, i = each(sigmoid, f), each(sigmoid, i)
    gate_sum = plus(f, i)
    f, i = ([v / s for v, s in zip(gate, gate_sum, strict=True)] for gate in (f, i))
    return {"h": plus(times(f, h), times(i, g)), "f": f, "i": i, "g": g}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layer_norm", [False, True])
def test_the_step_follows_its_equations(layer_norm: bool, bias: bool) -> None:
    cell = MinLSTM(layer_norm=layer_norm)
    problem = make_problem(Case("minlstm", cell, bias), steps=1, batch=3, hidden_size=4)
    x, (h,), p = problem.x[0], problem.state, problem.p
    (new,), gates = cell.step(cell.project(x, p), (h,), p, {})
    actual = {"h": new} | gates
    for b in range(3):
        expected = min_lstm(x[b].tolist(), h[b].tolist(), p)
        assert set(actual) == set(expected)
        for name, value in expected.items():
            assert actual[name][b].tolist() == pytest.approx(value, rel=1e-12, abs=1e-15), name


def test_zoneout_and_candidate_masks() -> None:
    cell = MinLSTM()
    problem = make_problem(Case("minlstm", cell), steps=1, batch=2, hidden_size=4)
    (h,), p = problem.state, problem.p
    a = cell.project(problem.x[0], p)
    (zoned_out,), gates = cell.step(a, (h,), p, {"zoneout_h": 0.25})
    (plain,), _ = cell.step(a, (h,), p, {})
    (dropped,), _ = cell.step(a, (h,), p, {"candidate": torch.zeros_like(h)})
    torch.testing.assert_close(zoned_out, 0.25 * h + 0.75 * plain)
    torch.testing.assert_close(dropped, gates["f"] * h)


def test_minlstm_has_no_recurrent_parameters() -> None:
    assert set(MinLSTM(layer_norm=True).shapes(3, 4)) == {"weight_ih", "bias_ih", "weight_ln_ih"}
    with pytest.raises(ConfigError, match="proj_size"):
        MinLSTM().shapes(3, 4, proj_size=2)
    with pytest.raises(ConfigError, match="recurrent_init='orthogonal' is not one of uniform"):
        MinLSTM(recurrent_init="orthogonal")
    with pytest.raises(ConfigError, match="weight dropout needs the product U h, which MinLSTM lacks"):
        Recurrent(3, 4, cell=MinLSTM(), drop=RecurrentDrop(weight=0.1))


@pytest.mark.parametrize("backend", [b for b in BACKENDS if b != "aten"])
def test_tiny_gates_are_normalised_without_underflow(backend: str) -> None:
    layer = Recurrent(1, 1, cell=MinLSTM(), bias=False, backend=backend)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor([[-302.0], [-300.0], [1.0]]))
    y, _ = layer(torch.ones(1, 1, 1), torch.zeros(1, 1, 1))
    assert y.item() == pytest.approx(1 / (1 + math.exp(-2)), rel=1e-5)


@needs_extension
@pytest.mark.parametrize("tokens", [False, True])
def test_a_bidirectional_stack_equals_the_reference(tokens: bool) -> None:
    layer = Recurrent(4, 33, 2, cell=MinLSTM(), bidirectional=True, dtype=torch.float64)
    x = uniform(6, 3, 4, seed=1).requires_grad_()
    output_gradients = uniform(6, 3, 66, seed=2)
    results = []
    for backend in ("compiled", "reference"):
        layer.backend = backend  # type: ignore[assignment]
        y, final = layer(x, lengths=torch.tensor([6, 2, 4]))
        gradients = torch.autograd.grad((y * output_gradients).sum() + final.sum(), [x, *layer.parameters()])
        results.append((y, final, *gradients))
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected)


def test_minlstm_is_selected_by_name() -> None:
    assert CellConfig(cell="minlstm", layer_norm=True).build() == MinLSTM(layer_norm=True)
    with pytest.raises(ConfigError, match="recurrent_init='identity' is an option of"):
        CellConfig(cell="minlstm", recurrent_init="identity")


def test_a_language_model_with_minlstm_trains_and_loads(
    english_file: Path, tiny_options: dict[str, object], tmp_path: Path
) -> None:
    lm = LanguageModel(**tiny_options | {"cell": "minlstm"}).fit(english_file, progress=False)
    lm.save(tmp_path / "run")
    loaded = LanguageModel.load(tmp_path / "run")
    assert loaded.generate("the ", length=5, seed=1) == lm.generate("the ", length=5, seed=1)
