"""The GRU step follows the equations of its docstring, in both variants of the reset gate."""

import math

import pytest
import torch
from torch import Tensor

from formulas import Vector, each, normalise, plus, product, sigmoid, times
from numerics import Case, make_problem
from unrolled.cells import GRU
from unrolled.errors import ConfigError


def recur(p: dict[str, Tensor], h: Vector, rows: slice) -> Vector:
    """Return U h + b_hh for some rows, normalised if the cell is."""
    bias = p["bias_hh"][rows] if "bias_hh" in p else None
    if "weight_ln_hh" not in p:
        return product(p["weight_hh"][rows], h, bias)
    return normalise(product(p["weight_hh"][rows], h), p["weight_ln_hh"][rows], bias)


def gru(
    x: Vector, h: Vector, p: dict[str, Tensor], reset: str, candidate: Vector | None = None
) -> dict[str, Vector]:
    """Return h and the gates of one step of one row, from the equations."""
    size = len(h)
    if "weight_ln_ih" in p:
        a = normalise(product(p["weight_ih"], x), p["weight_ln_ih"], p.get("bias_ih"))
    else:
        a = product(p["weight_ih"], x, p.get("bias_ih"))
    a_r, a_z, a_n = (a[k * size : (k + 1) * size] for k in range(3))
    if reset == "after":
        u = recur(p, h, slice(None))
        r = each(sigmoid, plus(a_r, u[:size]))
        z = each(sigmoid, plus(a_z, u[size : 2 * size]))
        n = each(math.tanh, plus(a_n, times(r, u[2 * size :])))
    else:
        u = recur(p, h, slice(0, 2 * size))
        r = each(sigmoid, plus(a_r, u[:size]))
        z = each(sigmoid, plus(a_z, u[size:]))
        n = each(math.tanh, plus(a_n, recur(p, times(r, h), slice(2 * size, 3 * size))))
    candidate_mask = candidate or [1.0] * size
    new = plus(times([1 - v for v in z], n, candidate_mask), times(z, h))
    return {"h": new, "r": r, "z": z, "n": n}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("reset", ["after", "before"])
def test_the_step_follows_its_equations(reset: str, layer_norm: bool, bias: bool) -> None:
    cell = GRU(reset=reset, layer_norm=layer_norm)
    problem = make_problem(Case("gru", cell, bias), steps=1, batch=3, hidden_size=4)
    x, (h,), p = problem.x[0], problem.state, problem.p
    (new,), gates = cell.step(cell.project(x, p), (h,), p, {})
    actual = {"h": new} | gates
    for b in range(3):
        expected = gru(x[b].tolist(), h[b].tolist(), p, reset)
        assert set(actual) == set(expected)
        for name, value in expected.items():
            assert actual[name][b].tolist() == pytest.approx(value, abs=1e-13), name


def test_the_two_reset_variants_differ() -> None:
    after = make_problem(Case("gru", GRU()), steps=1).run().y
    before = make_problem(Case("gru", GRU(reset="before")), steps=1).run().y
    assert (after - before).abs().max() > 1e-3


@pytest.mark.parametrize("reset", ["after", "before"])
def test_the_candidate_mask_applies_to_n_and_zoneout_to_h(reset: str) -> None:
    problem = make_problem(Case("gru", GRU(reset=reset)), steps=1, batch=1)
    mask, keep = [0.0, 2.0, 1.25], [0.5, 0.0, 1.0]
    (new,), gates = problem.cell.step(
        problem.cell.project(problem.x[0], problem.p),
        problem.state,
        problem.p,
        {
            "candidate": torch.tensor([mask], dtype=torch.float64),
            "zoneout_h": torch.tensor([keep], dtype=torch.float64),
        },
    )
    old = problem.state[0][0].tolist()
    plain = gru(problem.x[0, 0].tolist(), old, problem.p, reset, mask)
    expected = [z * before + (1 - z) * after for z, before, after in zip(keep, old, plain["h"], strict=True)]
    assert new[0].tolist() == pytest.approx(expected, abs=1e-13)
    assert gates["n"][0].tolist() == pytest.approx(plain["n"], abs=1e-13)


def test_an_update_gate_of_one_keeps_the_state() -> None:
    p = {
        "weight_ih": torch.zeros(6, 1),
        "weight_hh": torch.zeros(6, 2),
        "bias_ih": torch.tensor([0.0, 0.0, 50.0, -50.0, 0.4, 0.4]),
        "bias_hh": torch.zeros(6),
    }
    cell = GRU()
    h = torch.tensor([[0.9, 0.9]])
    (new,), _ = cell.step(cell.project(torch.ones(1, 1), p), (h,), p, {})
    torch.testing.assert_close(new, torch.tensor([[0.9, math.tanh(0.4)]]))


def test_invalid_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="reset='never' is not one of after, before"):
        GRU(reset="never")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="proj_size"):
        GRU().shapes(2, 3, proj_size=1)
