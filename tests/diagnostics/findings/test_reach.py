"""Vanishing, exploding and healthy gradients in words, with remedies that are not in use already."""

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


def test_vanished_is_where_it_stays_below_a_thousandth() -> None:
    found = reach([curve([2.0, 1.0, 0.001, 0.5, 0.0019, 0.0001])], "l0")
    assert found.vanished == 4
    assert found.longest == 5
    assert found.last == pytest.approx(5e-5)
    assert found.rate == pytest.approx((0.0019 / 2) ** (1 / 4))
    assert found.exploded is None


def test_the_state_that_carries_furthest_speaks_for_the_layer() -> None:
    h, c = curve([1.0, 0.1, 1e-5, 1e-6]), curve([0.0, 0.5, 0.4, 0.3])
    assert reach([h], "l0").vanished == 2
    assert reach([h, c], "l0").vanished is None


def test_exploded_is_where_it_first_is_a_thousand_times_larger() -> None:
    found = reach([curve([1.0, 30.0, 900.0, 27000.0])], "l0")
    assert found.exploded == 3
    assert found.largest == 27000.0
    assert found.rate == pytest.approx(30.0)


def test_gradients_that_are_nowhere_have_vanished_at_once() -> None:
    assert reach([curve([0.0, 0.0])], "l0").vanished == 0


def verdict_of(cell: Cell, gain: float, *, steps: int = 60, single: bool = True) -> Verdict:
    """Judge a random network whose U is orthogonal times a gain."""
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
    (found,) = reach_verdicts(recording, gradients(recording))
    return found


def flags(found: Verdict) -> list[str]:
    return [r.flag.split()[0] for r in found.remedies]


def test_a_sigmoid_network_vanishes_and_is_told_what_helps() -> None:
    found = verdict_of(Elman(nonlinearity="sigmoid"), 1.0)
    assert found.level == "bad"
    # ‖U‖ = 1 and σ′ ≤ 1/4: below 1/1000 after five steps at the latest.
    assert found.number is not None
    assert 4 <= found.number <= math.ceil(math.log(1000) / math.log(4))
    assert found.title == f"Vanishing at distance {found.number:.0f}"
    assert "the beginning of the sequence teaches nothing" in found.says
    assert flags(found) == ["--cell", "--nonlinearity", "--skip"]


def test_a_linear_network_with_an_orthogonal_matrix_is_healthy_and_twice_it_explodes() -> None:
    healthy, exploding = (verdict_of(Elman(nonlinearity="tanh"), gain, steps=20) for gain in (1.0, 2.0))
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
    assert flags(exploding)[0] == "--clip-norm"


@pytest.mark.parametrize(("cell", "expected"), [(LSTM(), "--forget-bias"), (GRU(), "--chrono")])
def test_gated_cells_are_told_of_their_gates(cell: Cell, expected: str) -> None:
    found = verdict_of(cell, 0.3)
    assert found.title.startswith("Vanishing")
    assert expected in flags(found)
    assert "--cell" not in flags(found)
    assert "--nonlinearity" not in flags(found)


def test_losses_at_every_step_judge_milder() -> None:
    cell = Elman(nonlinearity="tanh")
    assert verdict_of(cell, 0.7).level == "bad"
    assert verdict_of(cell, 0.7, single=False).level == "notice"
    assert verdict_of(cell, 0.3, single=False).level == "bad"


def test_a_remedy_in_use_is_not_told_again() -> None:
    usual, found = (verdict_of(Elman(recurrent_init=start), 0.5) for start in ("uniform", "orthogonal"))
    assert "--recurrent-init" in flags(usual)
    assert "--recurrent-init" not in flags(found)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (LSTM(), {"--chrono", "--forget-bias"}),
        (LSTM(chrono=1000), set()),
        (LSTM(forget_bias=9.0), set()),
        (LSTM(forget_bias=0.5), {"--forget-bias"}),  # not both: the cell takes one
        (GRU(chrono=1000), set()),
        (GRU(chrono=2), {"--chrono"}),
    ],
)
def test_starts_of_gates_are_told_if_they_can_be_set_together_with_those_in_use(cell, told):
    found = remedies_for_vanishing(SimpleNamespace(cell=cell, skip=0), 40)
    assert {r.flag.split()[0] for r in found} & {"--chrono", "--forget-bias"} == told


def test_one_number_for_all_has_no_distances_and_says_so() -> None:
    layer = Recurrent(2, 4, cell=GRU(), dtype=torch.float64)
    x = uniform(9, 3, 2, seed=1)
    recording = record(layer, lambda: layer(x)[0].square().mean())
    (found,) = reach_verdicts(recording, gradients(recording))
    assert found.title == "Distances are not known"
    assert found.level == "notice"


def test_losses_by_row_and_step_are_noticed() -> None:
    """With as many rows as steps only the gradients tell that axes were taken for each other."""
    layer = Recurrent(2, 4, cell=GRU(), dtype=torch.float64)
    x = uniform(6, 6, 2, seed=1)
    right, wrong = (
        record(layer, lambda turn=turn: layer(x)[0].sum(-1).T if turn else layer(x)[0].sum(-1))
        for turn in (False, True)
    )
    assert "Losses depend on later steps" not in [v.title for v in reach_verdicts(right, gradients(right))]
    assert reach_verdicts(wrong, gradients(wrong))[0].title == "Losses depend on later steps"


def test_a_short_window_says_little() -> None:
    layer = Recurrent(2, 4, cell=GRU(), dtype=torch.float64)
    x = uniform(4, 2, 2, seed=1)
    recording = record(layer, lambda: layer(x)[0].sum(-1))
    (found,) = reach_verdicts(recording, gradients(recording))
    assert (found.title, found.level) == ("Too short to tell: gradients reach through 3 steps", "notice")
