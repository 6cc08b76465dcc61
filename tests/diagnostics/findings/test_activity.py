"""Saturated and dead units, and what a long run does, in words."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from numerics import uniform
from unrolled.cells import LSTM, Cell, Elman
from unrolled.diagnostics import lyapunov, record, saturation
from unrolled.diagnostics.findings.activity import activity_verdicts
from unrolled.diagnostics.findings.dynamics import dynamics_verdict
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.lyapunov import Lyapunov
from unrolled.diagnostics.passes import Pass
from unrolled.layers import Recurrent


def a_pass(cell: Cell, *, bias: float = 0.0, scale: float = 1.0) -> Pass:
    torch.manual_seed(0)
    layer = Recurrent(2, 10, cell=cell, dtype=torch.float64)
    with torch.no_grad():
        layer.bias_ih_l0.add_(bias)
        layer.weight_ih_l0.mul_(scale)
    x = uniform(30, 2, 2, seed=1)
    return record(layer, lambda: layer(x)[0].sum(-1)).passes[0]


def judged(p: Pass) -> tuple[Verdict, ...]:
    return activity_verdicts(p, saturation(p))


def test_a_network_driven_hard_is_saturated() -> None:
    p = a_pass(Elman(), scale=100.0)
    (found,) = judged(p)
    assert found.title == "Saturated: hidden"
    assert found.level in ("notice", "bad")
    assert found.number is not None
    assert found.number > 0.8
    assert [r.flag for r in found.remedies] == ["--l2 1e-4", "--layer-norm", "--lr"]


def test_units_that_are_always_at_an_end_make_it_bad() -> None:
    (found,) = judged(a_pass(Elman(nonlinearity="sigmoid"), bias=20.0))
    assert found.level == "bad"
    assert "10 of 10 units always" in found.says


def test_dead_relu_units_are_counted() -> None:
    (found,) = judged(a_pass(Elman(nonlinearity="relu"), bias=-20.0))
    assert (found.title, found.level, found.number) == ("Dead ReLU units", "bad", 1.0)


def test_a_fresh_network_is_healthy() -> None:
    for cell in (Elman(), LSTM()):
        (found,) = judged(a_pass(cell, scale=0.1, bias=0.3))
        assert found.level == "good"


def test_a_gate_that_is_mostly_open_is_no_fault() -> None:
    p = a_pass(LSTM(forget_bias=4.0))
    assert saturation(p)[1].share_right > 0.9
    (found,) = judged(p)
    assert (found.title, found.level) == ("Healthy: units are not stuck", "good")


def exponents(first: float) -> Lyapunov:
    values = np.array([first, first - 1])
    return Lyapunov("l0", values, np.zeros(2), np.tile(values, (20, 1)), 2)


@pytest.mark.parametrize(
    ("first", "title", "level"),
    [
        (-1.0, "Contracting: small differences fade within 1 step", "notice"),
        (-0.05, "Contracting: small differences fade within 20 steps", "good"),
        (0.004, "At the edge: small differences stay", "good"),
        (0.2, "Chaotic: small differences grow", "notice"),
    ],
)
def test_exponents_in_words(first: float, title: str, level: str) -> None:
    found = dynamics_verdict(a_pass(Elman()), exponents(first))
    assert (found.title, found.level) == (title, level)
    assert found.number == first


def test_an_exponent_within_its_error_of_zero_is_not_judged() -> None:
    """Ten parts of a short row leave an error that is larger than the threshold."""
    unsure = replace(exponents(-0.05), error=np.array([0.03, 0.03]))
    found = dynamics_verdict(a_pass(Elman()), unsure)
    assert (found.title, found.level) == ("Near the edge: the row is too short to tell", "notice")
    assert "-0.050 ± 0.030" in found.says
    sure = replace(exponents(-0.05), error=np.array([0.02, 0.02]))
    assert dynamics_verdict(a_pass(Elman()), sure).title.startswith("Contracting")


def test_the_words_are_about_what_was_measured() -> None:
    p = a_pass(Elman())
    measured = lyapunov(p)
    found = dynamics_verdict(p, measured)
    assert found.number == pytest.approx(float(measured.exponents[0]))
    assert found.where == "l0"
