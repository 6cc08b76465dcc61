"""The LSTM step follows the equations of its docstring, with every option."""

import math

import pytest
import torch
from torch import Tensor

from formulas import Vector, each, normalise, plus, product, sigmoid, times
from numerics import Case, make_problem
from unrolled.cells import LSTM
from unrolled.errors import ConfigError


def lstm(
    x: Vector, h: Vector, c: Vector, p: dict[str, Tensor], candidate: Vector | None = None
) -> dict[str, Vector]:
    """Return h, c and the gates of one step of one row, from the equations."""
    size = len(c)
    if "weight_ln_ih" in p:
        a = normalise(product(p["weight_ih"], x), p["weight_ln_ih"], p.get("bias_ih"))
        u = normalise(product(p["weight_hh"], h), p["weight_ln_hh"], p.get("bias_hh"))
    else:
        a = product(p["weight_ih"], x, p.get("bias_ih"))
        u = product(p["weight_hh"], h, p.get("bias_hh"))
    preactivations = plus(a, u)
    i, f, g, o = (preactivations[k * size : (k + 1) * size] for k in range(4))
    if "weight_peephole_i" in p:
        i = plus(i, times(p["weight_peephole_i"].tolist(), c))
        f = plus(f, times(p["weight_peephole_f"].tolist(), c))
    i, f, g = each(sigmoid, i), each(sigmoid, f), each(math.tanh, g)
    new_c = plus(times(f, c), times(i, g, candidate or [1.0] * size))
    if "weight_peephole_o" in p:
        o = plus(o, times(p["weight_peephole_o"].tolist(), new_c))
    o = each(sigmoid, o)
    normalised_c = new_c
    if "weight_ln_c" in p:
        normalised_c = normalise(new_c, p["weight_ln_c"], p["bias_ln_c"])
    new_h = times(o, each(math.tanh, normalised_c))
    if "weight_hr" in p:
        new_h = product(p["weight_hr"], new_h)
    return {"h": new_h, "c": new_c, "i": i, "f": f, "g": g, "o": o}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("proj_size", [0, 2])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("peepholes", [False, True])
def test_the_step_follows_its_equations(
    peepholes: bool, layer_norm: bool, proj_size: int, bias: bool
) -> None:
    cell = LSTM(peepholes=peepholes, layer_norm=layer_norm)
    problem = make_problem(Case("lstm", cell, bias, proj_size), steps=1, batch=3, hidden_size=4)
    x, (h, c), p = problem.x[0], problem.state, problem.p
    (new_h, new_c), gates = cell.step(cell.project(x, p), (h, c), p, {})
    actual = {"h": new_h, "c": new_c} | gates
    for b in range(3):
        expected = lstm(x[b].tolist(), h[b].tolist(), c[b].tolist(), p)
        assert set(actual) == set(expected)
        for name, value in expected.items():
            assert actual[name][b].tolist() == pytest.approx(value, abs=1e-13), name


def test_the_candidate_mask_applies_only_to_g() -> None:
    problem = make_problem(Case("lstm", LSTM(peepholes=True)), steps=1, batch=1)
    mask = [0.0, 2.0, 1.25]
    (h, c), gates = problem.cell.step(
        problem.cell.project(problem.x[0], problem.p),
        problem.state,
        problem.p,
        {"candidate": torch.tensor([mask], dtype=torch.float64)},
    )
    old_h, old_c = (s[0].tolist() for s in problem.state)
    expected = lstm(problem.x[0, 0].tolist(), old_h, old_c, problem.p, mask)
    for name, value in {"h": h, "c": c, **gates}.items():
        assert value[0].tolist() == pytest.approx(expected[name], abs=1e-13), name
    # memory is not erased: if the candidate is dropped, c is f times the old c
    assert c[0, 0].item() == pytest.approx(expected["f"][0] * old_c[0], abs=1e-14)


@pytest.mark.parametrize("proj_size", [0, 2])
def test_zoneout_of_h_uses_c_before_its_zoneout(proj_size: int) -> None:
    problem = make_problem(Case("lstm", LSTM(), proj_size=proj_size), steps=1, batch=1)
    size = proj_size or 3
    keep_h, keep_c = [1.0, 0.0, 0.25][:size], [0.0, 1.0, 0.5]
    masks = {
        "zoneout_h": torch.tensor([keep_h], dtype=torch.float64),
        "zoneout_c": torch.tensor([keep_c], dtype=torch.float64),
    }
    a = problem.cell.project(problem.x[0], problem.p)
    (h, c), _ = problem.cell.step(a, problem.state, problem.p, masks)
    old_h, old_c = (s[0].tolist() for s in problem.state)
    plain = lstm(problem.x[0, 0].tolist(), old_h, old_c, problem.p)
    expected_c = [z * old + (1 - z) * new for z, old, new in zip(keep_c, old_c, plain["c"], strict=True)]
    expected_h = [z * old + (1 - z) * new for z, old, new in zip(keep_h, old_h, plain["h"], strict=True)]
    assert c[0].tolist() == pytest.approx(expected_c, abs=1e-13)
    assert h[0].tolist() == pytest.approx(expected_h, abs=1e-13)


def test_an_open_forget_gate_keeps_c() -> None:
    size = 2
    p = {
        "weight_ih": torch.zeros(4 * size, 1),
        "weight_hh": torch.zeros(4 * size, size),
        "bias_ih": torch.tensor([-50.0, -50.0, 50.0, 50.0, 9.0, 9.0, 50.0, -50.0]),
        "bias_hh": torch.zeros(4 * size),
    }
    cell = LSTM()
    c = torch.tensor([[0.7, -0.3]])
    (new_h, new_c), _ = cell.step(cell.project(torch.ones(1, 1), p), (torch.ones(1, size), c), p, {})
    torch.testing.assert_close(new_c, c)  # input closed, forget open
    torch.testing.assert_close(new_h, torch.tensor([[math.tanh(0.7), 0.0]]))


@pytest.mark.parametrize("forget_bias", [1.0, -2.5])
def test_forget_bias_initialises_only_the_forget_gate(forget_bias: float) -> None:
    def initialise(cell: LSTM) -> dict[str, Tensor]:
        torch.manual_seed(3)
        p = {name: torch.empty(shape) for name, shape in cell.shapes(3, 5).items()}
        cell.initialise(p)
        return p

    plain, biased = initialise(LSTM()), initialise(LSTM(forget_bias=forget_bias))
    forget = slice(5, 10)
    assert (biased["bias_ih"][forget] == forget_bias).all()
    assert (biased["bias_hh"][forget] == 0).all()
    for name, value in plain.items():
        if name.startswith("bias"):
            value[forget] = biased[name][forget]
        assert torch.equal(value, biased[name]), name


def test_forget_bias_without_bias_is_an_error() -> None:
    with pytest.raises(ConfigError, match="forget_bias needs bias=True"):
        LSTM(forget_bias=1.0).shapes(2, 3, bias=False)
