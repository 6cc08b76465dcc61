"""Verdicts on vanishing, exploding and healthy gradients, with remedies that are not in use yet."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from numerics import generator, uniform
from unrolled.cells import GRU, LSTM, Cell, Elman
from unrolled.diagnostics import gradients, record
from unrolled.diagnostics.findings.reach import reach, reach_verdicts
from unrolled.diagnostics.findings.remedies import remedies_for_vanishing
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.gradients import DistanceCurve
from unrolled.layers import Recurrent


def curve(medians: list[float]) -> DistanceCurve:
    values = np.array(medians)
    return DistanceCurve(
        "l0 h", np.arange(len(values)), values, values, values, values, np.ones(len(values), int)
    )


def test_vanished_is_the_distance_from_which_gradients_stay_below_a_thousandth() -> None:
    result = reach([curve([2.0, 1.0, 0.001, 0.5, 0.0019, 0.0001])], "l0")
    assert result.vanished == 4
    assert result.longest == 5
    assert result.last == pytest.approx(5e-5)
    assert result.rate == pytest.approx((0.0019 / 2) ** (1 / 4))
    assert result.exploded is None


def test_the_state_with_the_longest_reach_counts() -> None:
    h, c = curve([1.0, 0.1, 1e-5, 1e-6]), curve([0.0, 0.5, 0.4, 0.3])
    assert reach([h], "l0").vanished == 2
    assert reach([h, c], "l0").vanished is None


def test_exploded_is_the_first_distance_with_a_thousandfold_gradient() -> None:
    result = reach([curve([1.0, 30.0, 900.0, 27000.0])], "l0")
    assert result.exploded == 3
    assert result.largest == 27000.0
    assert result.rate == pytest.approx(30.0)


def test_zero_gradients_vanish_at_distance_zero() -> None:
    assert reach([curve([0.0, 0.0])], "l0").vanished == 0


def make_verdict(cell: Cell, gain: float, *, steps: int = 60, single: bool = True) -> Verdict:
    """Return the verdict on a random network whose U is orthogonal times a gain."""
    layer = Recurrent(2, 8, cell=cell, dtype=torch.float64)
    with torch.no_grad():
        for name, p in layer.named_parameters():
            if name.startswith("weight_hh"):
                for block in p.split(8):
                    torch.nn.init.orthogonal_(block, gain, generator=generator(3))
            else:
                p.mul_(0.1)
    x = 0.1 * uniform(steps, 4, 2, seed=1)
    recording = record(layer, lambda: layer(x)[0][-1].sum(-1) if single else layer(x)[0].sum(-1))
    (verdict,) = reach_verdicts(recording, gradients(recording))
    return verdict


def get_flags(verdict: Verdict) -> list[str]:
    return [r.flag.split()[0] for r in verdict.remedies]


def test_a_sigmoid_network_vanishes_and_gets_remedies() -> None:
    verdict = make_verdict(Elman(nonlinearity="sigmoid"), 1.0)
    assert verdict.level == "bad"
    # ‖U‖ = 1 and σ′ ≤ 1/4: below 1/1000 after at most five steps.
    assert verdict.number is not None
    assert 4 <= verdict.number <= math.ceil(math.log(1000) / math.log(4))
    assert verdict.title == f"Vanishing at distance {verdict.number:.0f}"
    assert "the beginning of the sequence teaches nothing" in verdict.says
    assert get_flags(verdict) == ["--cell", "--nonlinearity", "--skip"]


def test_an_orthogonal_matrix_is_healthy_and_twice_it_explodes() -> None:
    healthy, exploding = (make_verdict(Elman(nonlinearity="tanh"), gain, steps=20) for gain in (1.0, 2.0))
    assert healthy.level == "good"
    assert healthy.title == "Healthy: gradients reach through all 19 steps"
    assert not healthy.remedies
    layer = Recurrent(1, 4, cell=Elman(nonlinearity="relu"), dtype=torch.float64)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(2 * torch.eye(4))
        layer.weight_ih_l0.fill_(1.0)
    x = torch.ones(20, 1, 1, dtype=torch.float64)
    recording = record(layer, lambda: layer(x)[0][-1].sum(-1))
    (exploding,) = reach_verdicts(recording, gradients(recording))
    assert exploding.level == "bad"
    assert exploding.title == "Exploding: 1,000 times larger 10 steps back"  # 2^10
    assert exploding.number == pytest.approx(2.0)
    assert get_flags(exploding)[0] == "--clip-norm"


@pytest.mark.parametrize(("cell", "expected"), [(LSTM(), "--forget-bias"), (GRU(), "--chrono")])
def test_gated_cells_get_remedies_for_their_gates(cell: Cell, expected: str) -> None:
    verdict = make_verdict(cell, 0.3)
    assert verdict.title.startswith("Vanishing")
    assert expected in get_flags(verdict)
    assert "--cell" not in get_flags(verdict)
    assert "--nonlinearity" not in get_flags(verdict)


def test_losses_at_every_step_give_a_milder_verdict() -> None:
    cell = Elman(nonlinearity="tanh")
    assert make_verdict(cell, 0.7).level == "bad"
    assert make_verdict(cell, 0.7, single=False).level == "notice"
    assert make_verdict(cell, 0.3, single=False).level == "bad"


def test_a_remedy_in_use_is_not_repeated() -> None:
    default_verdict, verdict = (
        make_verdict(Elman(recurrent_init=initialiser), 0.5) for initialiser in ("uniform", "orthogonal")
    )
    assert "--recurrent-init" in get_flags(default_verdict)
    assert "--recurrent-init" not in get_flags(verdict)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (LSTM(), {"--chrono", "--forget-bias"}),
        (LSTM(chrono=1000), set()),
        (LSTM(forget_bias=9.0), set()),
        (LSTM(forget_bias=0.5), {"--forget-bias"}),  # not both: the cell accepts only one
        (GRU(chrono=1000), set()),
        (GRU(chrono=2), {"--chrono"}),
    ],
)
def test_gate_initialisers_are_proposed_only_if_compatible(cell, expected):
    remedies = remedies_for_vanishing(SimpleNamespace(cell=cell, skip=0), 40)
    assert {r.flag.split()[0] for r in remedies} & {"--chrono", "--forget-bias"} == expected


def test_a_single_loss_has_no_distances() -> None:
    layer = Recurrent(2, 4, cell=GRU(), dtype=torch.float64)
    x = uniform(9, 3, 2, seed=1)
    recording = record(layer, lambda: layer(x)[0].square().mean())
    (verdict,) = reach_verdicts(recording, gradients(recording))
    assert verdict.title == "Distances are not known"
    assert verdict.level == "notice"


def test_transposed_losses_are_detected() -> None:
    """With as many rows as steps only the gradients show that the axes are swapped."""
    layer = Recurrent(2, 4, cell=GRU(), dtype=torch.float64)
    x = uniform(6, 6, 2, seed=1)
    correct, transposed = (
        record(layer, lambda transpose=transpose: layer(x)[0].sum(-1).T if transpose else layer(x)[0].sum(-1))
        for transpose in (False, True)
    )
    assert "Losses depend on later steps" not in [
        v.title for v in reach_verdicts(correct, gradients(correct))
    ]
    assert reach_verdicts(transposed, gradients(transposed))[0].title == "Losses depend on later steps"


def test_a_short_window_gives_no_verdict() -> None:
    layer = Recurrent(2, 4, cell=GRU(), dtype=torch.float64)
    x = uniform(4, 2, 2, seed=1)
    recording = record(layer, lambda: layer(x)[0].sum(-1))
    (verdict,) = reach_verdicts(recording, gradients(recording))
    assert (verdict.title, verdict.level) == ("Too short to tell: gradients reach through 3 steps", "notice")
