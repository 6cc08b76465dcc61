"""The Elman step follows the equation of its docstring."""

import pytest
import torch
from torch import Tensor

from formulas import FUNCTIONS, each, normalise, plus, product, times
from numerics import Case, make_problem
from unrolled.cells import Elman
from unrolled.errors import ConfigError


def elman(x: Tensor, h: Tensor, p: dict[str, Tensor], nonlinearity: str) -> list[list[float]]:
    """Return σ(W x_t + b_ih + U h_{t-1} + b_hh) of every row."""
    rows = []
    for x_t, old in zip(x.tolist(), h.tolist(), strict=True):
        preactivation = plus(
            product(p["weight_ih"], x_t, p.get("bias_ih")),
            product(p["weight_hh"], old, p.get("bias_hh")),
        )
        rows.append(each(FUNCTIONS[nonlinearity], preactivation))
    return rows


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "sigmoid"])
def test_the_step_follows_its_equation(nonlinearity: str, bias: bool) -> None:
    cell = Elman(nonlinearity=nonlinearity)
    problem = make_problem(Case("elman", cell, bias), steps=1, batch=4, hidden_size=5)
    x, (h,), p = problem.x[0], problem.state, problem.p
    (new,), gates = cell.step(cell.project(x, p), (h,), p, {})
    expected = torch.tensor(elman(x, h, p, nonlinearity), dtype=torch.float64)
    torch.testing.assert_close(new, expected, rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(gates["hidden"], expected, rtol=1e-13, atol=1e-14)
    assert gates["preactivation"].shape == (4, 5)
    for before, after in zip(gates["preactivation"].tolist(), expected.tolist(), strict=True):
        assert each(FUNCTIONS[nonlinearity], before) == pytest.approx(after, abs=1e-13)


def test_the_relu_case_has_zero_and_positive_units() -> None:
    problem = make_problem(Case("elman", Elman(nonlinearity="relu")), steps=1, batch=4, hidden_size=5)
    (h,) = problem.run().state
    assert (h == 0).any()
    assert (h > 0).any()


def test_biases_belong_to_their_products() -> None:
    p = {
        "weight_ih": torch.tensor([[2.0]]),
        "weight_hh": torch.tensor([[3.0]]),
        "bias_ih": torch.tensor([0.25]),
        "bias_hh": torch.tensor([0.5]),
    }
    cell = Elman(nonlinearity="relu")
    a = cell.project(torch.tensor([[7.0]]), p)
    assert a.item() == 14.25  # b_hh belongs to the recurrent product
    ((h,), _) = cell.step(a, (torch.tensor([[10.0]]),), p, {})
    assert h.item() == 14.25 + 30.5


@pytest.mark.parametrize("bias", [True, False])
def test_layer_norm_normalises_both_products_separately(bias: bool) -> None:
    cell = Elman(layer_norm=True)
    problem = make_problem(Case("elman", cell, bias), steps=1, batch=3, hidden_size=4)
    x, (h,), p = problem.x[0], problem.state, problem.p
    (new,), _ = cell.step(cell.project(x, p), (h,), p, {})
    for b in range(3):
        preactivation = plus(
            normalise(product(p["weight_ih"], x[b].tolist()), p["weight_ln_ih"], p.get("bias_ih")),
            normalise(product(p["weight_hh"], h[b].tolist()), p["weight_ln_hh"], p.get("bias_hh")),
        )
        assert new[b].tolist() == pytest.approx(each(FUNCTIONS["tanh"], preactivation), abs=1e-13)


def test_candidate_mask_multiplies_the_new_content() -> None:
    problem = make_problem(Case("elman", Elman()), steps=1, batch=3)
    x, (h,), p = problem.x[0], problem.state, problem.p
    mask = torch.tensor([[0.0, 2.0, 1.0], [2.0, 2.0, 0.0], [0.5, 0.0, 1.0]], dtype=torch.float64)
    (new,), _ = problem.cell.step(problem.cell.project(x, p), (h,), p, {"candidate": mask})
    expected = [times(row, m) for row, m in zip(elman(x, h, p, "tanh"), mask.tolist(), strict=True)]
    torch.testing.assert_close(new, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("keep_old", [0.3, [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]])
def test_zoneout_mixes_the_old_and_new_state(keep_old: float | list[list[float]]) -> None:
    problem = make_problem(Case("elman", Elman()), steps=1, batch=3)
    x, (h,), p = problem.x[0], problem.state, problem.p
    zoneout = keep_old if isinstance(keep_old, float) else torch.tensor(keep_old, dtype=h.dtype)
    (new,), gates = problem.cell.step(problem.cell.project(x, p), (h,), p, {"zoneout_h": zoneout})
    plain = elman(x, h, p, "tanh")
    for b in range(3):
        for j in range(3):
            z = keep_old if isinstance(keep_old, float) else keep_old[b][j]
            expected = z * h[b, j].item() + (1 - z) * plain[b][j]
            assert new[b, j].item() == pytest.approx(expected, abs=1e-13)
            assert gates["hidden"][b, j].item() == pytest.approx(plain[b][j], abs=1e-13)


def test_unknown_nonlinearity_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'swish' is not one of tanh, relu, sigmoid"):
        Elman(nonlinearity="swish")  # type: ignore[arg-type]
