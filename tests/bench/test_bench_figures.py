"""FLOP formulas, points, agreement of results, and reports that round-trip through files."""

import dataclasses
import json
import math

import pytest
import torch

from unrolled.bench import flops
from unrolled.bench.agreement import relative_difference, require_agreement
from unrolled.bench.ceiling import Ceiling
from unrolled.bench.errors import BenchError, DisagreementError
from unrolled.bench.machine import describe_machine, use_threads
from unrolled.bench.point import GRID, Point, parse_points
from unrolled.bench.result import Report, Result, read_report, write_report
from unrolled.bench.timing import Pairs
from unrolled.errors import ConfigError, RunError, UnrolledError

CEILING = Ceiling("float32", 100.0, "torch.mm", (8, 8, 8), 1, {"torch.mm": 100.0}, ("oneDNN",))
BFLOAT16 = dataclasses.replace(CEILING, precision="bfloat16", gflops=200.0, absent=())


def result(**changes: object) -> Result:
    pairs = Pairs((0.001, 0.002, 0.003), (0.004, 0.004, 0.006), (50, 13))
    values = Result("lstm train", "35,20,200,200", "torch", pairs, 10**8, 700, "aten", 1e-7)
    return dataclasses.replace(values, **changes)


def report(*results: Result, kind: str = "layers") -> Report:
    machine = describe_machine()
    return Report(kind, {"pairs": 3, "grid": ["1,1,1,1"]}, machine, [CEILING, BFLOAT16], list(results))


def test_flops_are_those_of_the_matrix_products():
    """Compared with torch's FLOP counter on the products of a handwritten LSTM."""
    from torch.utils.flop_counter import FlopCounterMode

    steps, batch, size, hidden = 3, 2, 5, 7
    x, h = torch.randn(steps * batch, size, requires_grad=True), torch.randn(batch, hidden)
    h.requires_grad_()
    w, u = torch.randn(size, 4 * hidden, requires_grad=True), torch.randn(hidden, 4 * hidden)
    u.requires_grad_()
    with FlopCounterMode(display=False) as counter:
        loss = (x @ w).sum() + sum((h @ u).sum() for _ in range(steps))
        forward = counter.get_total_flops()
        loss.backward()
    assert forward == flops.layer_forward("lstm", steps * batch, size, hidden)
    assert counter.get_total_flops() == flops.TRAINING_PASSES * forward


def test_flops_of_each_cell_and_of_a_model():
    assert [flops.layer_forward(c, 10, 3, 4) for c in ("rnn", "gru", "lstm")] == [560, 1680, 2240]
    sizes = {"embedding": 3, "hidden": 4, "layers": 3, "vocabulary": 6}
    expected = 560 + 2 * (2 * 10 * 4 * (4 + 4)) + 2 * 10 * 4 * 6
    assert flops.model_forward("rnn", 10, **sizes) == expected


def test_points_are_parsed():
    assert Point.parse("35,20,200,650") == Point(35, 20, 200, 650)
    assert [str(p) for p in parse_points(GRID)] == list(GRID)
    assert len(GRID) == 7
    assert Point(3, 4, 1, 1).tokens == 12


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,0", "1,2,3,x", "1,2,3,4,5", "1.5,2,3,4"])
def test_invalid_points_are_refused(text):
    with pytest.raises(ConfigError, match="T,B,I,H"):
        Point.parse(text)


def test_agreement_returns_the_largest_difference():
    ours = {"y": torch.tensor([1.0, 2.0]), "z": torch.zeros(2)}
    theirs = {"y": torch.tensor([1.0, 2.002]), "z": torch.zeros(2)}
    assert require_agreement(ours, theirs, 1e-2, "a case") == pytest.approx(0.002 / 2.002, rel=1e-3)


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        ({"y": torch.ones(2)}, {"y": torch.tensor([1.0, 1.01])}, "y differs by 9.9e-03"),
        ({"y": torch.tensor([math.nan, 1.0])}, {"y": torch.ones(2)}, "differs by nan"),
        ({"y": torch.ones(2)}, {"y": torch.ones(3)}, "differs by inf"),
        ({"y": torch.ones(2)}, {"y": torch.zeros(2)}, "differs by inf"),
        ({"y": torch.ones(2), "gradient of x": torch.ones(1)}, {"y": torch.ones(2)}, "gradient of x"),
    ],
)
def test_disagreement_is_an_error(ours, theirs, message):
    with pytest.raises(DisagreementError, match="a case") as caught:
        require_agreement(ours, theirs, 1e-3, "a case")
    assert message in str(caught.value)
    assert isinstance(caught.value, BenchError)
    assert isinstance(caught.value, UnrolledError)


def test_the_difference_is_relative_to_the_largest_value():
    assert relative_difference(torch.tensor([1.0, 100.0]), torch.tensor([2.0, 100.0])) == 0.01


def test_metrics_of_a_result():
    r = result()
    assert (r.ours, r.theirs, r.ratio) == (0.002, 0.004, 2.0)
    assert r.gflops == pytest.approx(50.0)
    full_report = report(r, result(precision="bfloat16"))
    assert [full_report.share_of_ceiling(x) for x in full_report.results] == pytest.approx([0.5, 0.25])


def test_the_share_uses_the_ceiling_of_each_pair_if_measured():
    timed = Pairs((0.001, 0.002, 0.004), (0.004,) * 3, (50, 13), ceiling=(200.0, 80.0, 50.0))
    full_report = report(result(pairs=timed))
    # 100, 50 and 25 GFLOP/s compared with 200, 80 and 50.
    assert full_report.share_of_ceiling(full_report.results[0]) == pytest.approx(0.5)


def test_a_report_file_round_trip(tmp_path):
    full_report = report(result(), result(case="1,2,3,4", extra={"peak_bytes_ours": 5.0}))
    path = write_report(full_report, tmp_path)
    assert path == tmp_path / "bench.json"
    assert read_report(path) == full_report
    written = json.loads(path.read_text())
    assert written["results"][0]["pairs"]["ours"] == [0.001, 0.002, 0.003]
    assert written["results"][0]["figures"]["ratio"] == 2.0
    assert written["results"][0]["figures"]["share_of_ceiling"] == pytest.approx(0.5)
    assert written["ceilings"][0]["absent"] == ["oneDNN"]
    assert {"processor", "threads", "torch", "extension"} <= written["machine"].keys()


def test_unreadable_reports_are_refused(tmp_path):
    path = write_report(report(result()), tmp_path)
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"format": 99}))
    with pytest.raises(RunError, match="format 99"):
        read_report(path)
    del values["results"][0]["pairs"]
    path.write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"damaged.*pairs"):
        read_report(path)


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    with use_threads(before + 1) as count:
        assert count == torch.get_num_threads() == before + 1
        assert describe_machine()["threads"] == before + 1
    with use_threads(0) as count:
        assert count == before
    assert torch.get_num_threads() == before
