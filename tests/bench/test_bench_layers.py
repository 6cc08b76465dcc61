"""Layers and their peers must compute the same results before they are timed."""

import dataclasses
import itertools

import pytest
import torch

from unrolled.bench import custom, ragged
from unrolled.bench.custom import PythonLoopLSTM, compare_custom, custom_plan
from unrolled.bench.errors import DisagreementError
from unrolled.bench.layers import LayerOptions, compare, compare_layers, layer_plan
from unrolled.bench.own import make_unrolled_layer
from unrolled.bench.peers import PEERS, check_peers, make_peer
from unrolled.bench.point import Point
from unrolled.bench.ragged import compare_ragged, ragged_plan, spread_lengths
from unrolled.bench.sides import LayerCase, module_side
from unrolled.errors import BackendError, ConfigError
from unrolled.layers import Recurrent

TINY = Point(5, 4, 3, 6)
QUICK = LayerOptions(pairs=1)


def compute_tensors(case):
    layer = make_unrolled_layer(case)
    return module_side(layer, case).compute_tensors()


@pytest.mark.parametrize("peer", ["torch", "jax", "onnx"])
def test_peers_agree_with_our_layers(peer):
    for package in PEERS[peer].packages:
        pytest.importorskip(package)
    for cell, mode in itertools.product(["rnn", "gru", "lstm"], PEERS[peer].modes):
        case = LayerCase.draw(cell, mode, TINY)
        ours, theirs = compute_tensors(case), make_peer(peer, case).compute_tensors()
        assert ours.keys() == theirs.keys()
        assert len(ours) == (6 if mode == "train" else 1)  # y, and the gradients of x and four weights
        for name, value in ours.items():
            assert value.abs().max() > 0
            torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=1e-5)


def test_a_training_step_starts_without_gradients():
    case = LayerCase.draw("gru", "train", TINY)
    side = module_side(make_unrolled_layer(case), case)
    first = side.compute_tensors()["gradient of weight_hh_l0"].clone()
    side()
    torch.testing.assert_close(side.compute_tensors()["gradient of weight_hh_l0"], first)


def test_a_drawn_case_is_reproducible_and_keeps_the_random_state():
    state = torch.get_rng_state()
    a, b = (LayerCase.draw("lstm", "train", TINY) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(a.x, b.x)
    assert torch.equal(a.weights["weight_hh_l0"], b.weights["weight_hh_l0"])


def test_a_comparison_has_its_measurements():
    measured = compare_layers("lstm", "train", TINY, "torch", LayerOptions(backend="reference", pairs=2))
    assert len(measured.pairs.ours) == len(measured.pairs.theirs) == 2
    assert measured.path == "reference"
    assert measured.flops == 3 * 2 * 20 * 4 * 6 * (3 + 6)
    assert (measured.series, measured.case, measured.tokens) == ("lstm train", "5,4,3,6", 20)
    assert 0 <= measured.difference < 1e-5


@pytest.mark.parametrize("mode", ["train", "inference"])
def test_disagreeing_peers_are_not_timed(mode):
    case = LayerCase.draw("lstm", mode, TINY)
    weights = {**case.weights, "bias_hh_l0": case.weights["bias_hh_l0"] + 0.1}
    layer = make_unrolled_layer(case)
    peer = make_peer("torch", dataclasses.replace(case, weights=weights))
    with pytest.raises(
        DisagreementError, match=f"lstm {mode} at T,B,I,H = 5,4,3,6 compared with torch: y differs"
    ):
        compare(case, layer, module_side(layer, case), peer, "torch", QUICK)


def test_the_plan_covers_every_supported_combination():
    points = [TINY, Point(1, 1, 1, 1)]
    plan = layer_plan(["rnn", "lstm"], ["train", "inference"], ["torch", "onnx"], points, QUICK)
    assert [g.title for g in plan] == [
        "rnn, training step, compared with torch.nn",
        "rnn, inference, compared with torch.nn",
        "rnn, inference, compared with ONNX Runtime",
        "lstm, training step, compared with torch.nn",
        "lstm, inference, compared with torch.nn",
        "lstm, inference, compared with ONNX Runtime",
    ]
    assert [t.label for t in plan[0].tasks] == ["5,4,3,6", "1,1,1,1"]


def test_unsupported_backends_are_refused_before_measuring():
    with pytest.raises(BackendError, match="aten"):
        custom_plan([TINY], LayerOptions(backend="aten"))


def test_requested_peers_are_checked(monkeypatch):
    check_peers(["torch"], ["train"])
    with pytest.raises(ConfigError, match=r"torhc.*did you mean 'torch'"):
        check_peers(["torhc"], ["train"])
    with pytest.raises(ConfigError, match="ONNX Runtime runs inference only"):
        check_peers(["onnx"], ["train"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs jax, not installed; pip install jax"):
        check_peers(["jax"], ["train"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ConfigError, match=r"torch\.compile needs a C\+\+ compiler"):
        check_peers(["compile"], ["train"])


# -- ragged ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [4, 8, 20, 64])
def test_lengths_are_spread_over_all_steps(rows):
    lengths = spread_lengths(100, rows)
    assert lengths.shape == (rows,)
    assert (int(lengths.min()), int(lengths.max())) == (1, 100)
    assert float(lengths.double().mean()) == pytest.approx(50.5, abs=0.5)
    assert torch.equal(lengths, spread_lengths(100, rows))


@pytest.mark.parametrize("mode", ["train", "inference"])
def test_a_ragged_comparison(mode):
    measured = compare_ragged("gru", mode, TINY, QUICK)
    tokens = int(spread_lengths(5, 4).sum())
    assert measured.tokens == tokens < 20
    assert measured.flops == (3 if mode == "train" else 1) * 2 * tokens * 3 * 6 * 9
    assert measured.peer == "padded"


def test_ignored_lengths_are_detected(monkeypatch):
    forward = Recurrent.forward
    monkeypatch.setattr(Recurrent, "forward", lambda self, x, lengths=None: forward(self, x))
    with pytest.raises(DisagreementError, match="ragged rnn inference"):
        compare_ragged("rnn", "inference", TINY, QUICK)


def test_points_with_one_row_are_not_ragged():
    groups = ragged_plan(["lstm"], ["train"], [Point(9, 1, 2, 2), TINY], QUICK)
    assert [t.label for g in groups for t in g.tasks] == ["5,4,3,6"]
    with pytest.raises(ConfigError, match="at least 4 rows"):
        ragged_plan(["lstm"], ["train"], [Point(9, 3, 2, 2)], QUICK)
    assert ragged.EXPECTED_RATIO == 1.6


# -- a cell that torch has no kernel for -----------------------------------------------------------


def test_a_comparison_with_a_python_loop():
    measured = compare_custom(TINY, QUICK)
    assert measured.peer == "loop"
    assert measured.difference < 1e-4


def test_a_disagreeing_loop_is_detected(monkeypatch):
    options = custom._cell_options()
    monkeypatch.setattr(custom, "_cell_options", lambda: options)
    monkeypatch.setattr(custom, "ZONEOUT", 0.3)  # for the loop only
    with pytest.raises(DisagreementError, match="custom lstm train"):
        compare_custom(TINY, QUICK)


def test_the_python_loop_applies_zoneout_in_training():
    torch.manual_seed(0)
    loop = PythonLoopLSTM(3, 4).train()
    kept = loop._zoneout(torch.zeros(200, 200), torch.ones(200, 200))
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert float(kept.mean()) == pytest.approx(custom.ZONEOUT, abs=0.01)
    assert float(loop.eval()._zoneout(torch.zeros(1), torch.ones(1))) == pytest.approx(custom.ZONEOUT)
