"""Verdicts on saturated and dead units, and on Lyapunov exponents."""

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


def record_pass(cell: Cell, *, bias: float = 0.0, scale: float = 1.0) -> Pass:
    torch.manual_seed(0)
    layer = Recurrent(2, 10, cell=cell, dtype=torch.float64)
    with torch.no_grad():
        layer.bias_ih_l0.add_(bias)
        layer.weight_ih_l0.mul_(scale)
    x = uniform(30, 2, 2, seed=1)
    return record(layer, lambda: layer(x)[0].sum(-1)).passes[0]


def get_verdicts(p: Pass) -> tuple[Verdict, ...]:
    return activity_verdicts(p, saturation(p))


def test_large_inputs_saturate_the_network() -> None:
    p = record_pass(Elman(), scale=100.0)
    (verdict,) = get_verdicts(p)
    assert verdict.title == "Saturated: hidden"
    assert verdict.level in ("notice", "bad")
    assert verdict.number is not None
    assert verdict.number > 0.8
    assert [r.flag for r in verdict.remedies] == ["--l2 1e-4", "--layer-norm", "--lr"]


def test_units_that_are_always_saturated_are_bad() -> None:
    (verdict,) = get_verdicts(record_pass(Elman(nonlinearity="sigmoid"), bias=20.0))
    assert verdict.level == "bad"
    assert "10 of 10 units always" in verdict.says


def test_dead_relu_units_are_counted() -> None:
    (verdict,) = get_verdicts(record_pass(Elman(nonlinearity="relu"), bias=-20.0))
    assert (verdict.title, verdict.level, verdict.number) == ("Dead ReLU units", "bad", 1.0)


def test_an_untrained_network_is_healthy() -> None:
    for cell in (Elman(), LSTM()):
        (verdict,) = get_verdicts(record_pass(cell, scale=0.1, bias=0.3))
        assert verdict.level == "good"


def test_an_open_gate_is_not_a_problem() -> None:
    p = record_pass(LSTM(forget_bias=4.0))
    assert saturation(p)[1].share_right > 0.9
    (verdict,) = get_verdicts(p)
    assert (verdict.title, verdict.level) == ("Healthy: units are not stuck", "good")


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
def test_verdicts_on_exponents(first: float, title: str, level: str) -> None:
    verdict = dynamics_verdict(record_pass(Elman()), exponents(first))
    assert (verdict.title, verdict.level) == (title, level)
    assert verdict.number == first


def test_an_exponent_close_to_zero_gets_no_verdict() -> None:
    """In a short row the standard error can be larger than the threshold."""
    uncertain = replace(exponents(-0.05), error=np.array([0.03, 0.03]))
    verdict = dynamics_verdict(record_pass(Elman()), uncertain)
    assert (verdict.title, verdict.level) == ("Near the edge: the row is too short to tell", "notice")
    assert "-0.050 ± 0.030" in verdict.says
    certain = replace(exponents(-0.05), error=np.array([0.02, 0.02]))
    assert dynamics_verdict(record_pass(Elman()), certain).title.startswith("Contracting")


def test_the_verdict_reports_the_measured_exponent() -> None:
    p = record_pass(Elman())
    measured = lyapunov(p)
    verdict = dynamics_verdict(p, measured)
    assert verdict.number == pytest.approx(float(measured.exponents[0]))
    assert verdict.where == "l0"
