"""``unrolled bench stream``: all sides compute the same, and the table has what was measured."""

import json
from pathlib import Path

import pytest

from numerics import needs_extension
from unrolled.bench import stream
from unrolled.bench.bandwidth import read_bandwidth
from unrolled.bench.errors import DisagreementError
from unrolled.bench.stream import measure_streams, parse_model, reference_of
from unrolled.bench.stream_sides import RuntimeStreamer
from unrolled.bench.stream_table import RESULTS
from unrolled.cli.main import main
from unrolled.errors import ConfigError

pytestmark = needs_extension
TINY = "23,4,8,2"


@pytest.fixture(autouse=True)
def short_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MEASURED_SECONDS", 0.001)
    monkeypatch.setattr(stream, "LATENCY_STEPS", 5)


def test_every_side_is_measured_in_every_round() -> None:
    results = measure_streams(parse_model(TINY), rounds=2)
    sides = [result.side for result in results]
    assert sides[:3] == ["float32", "bfloat16", "int8"]
    assert sides[-2:] == ["torch.nn", "our layers"]
    for result in results:
        assert len(result.generated) == len(result.stepped) == 2
        assert 0 < result.percentile(50) <= result.percentile(99.9)
        assert result.difference < 0.1
    assert results[0].megabytes > results[2].megabytes > 0
    assert results[0].share_of_bandwidth() > 0
    assert reference_of(results[-2:]).side == "torch.nn"
    assert results[-2].ratio_to(results[-2]) == 1


def test_a_side_that_computes_other_logits_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RuntimeStreamer.compute_logits
    monkeypatch.setattr(
        RuntimeStreamer, "compute_logits", lambda self, tokens: right(self, tokens) + self.bytes * 1e-5
    )
    with pytest.raises(DisagreementError, match="bfloat16: logits differs"):
        measure_streams(parse_model(TINY), rounds=1)


@pytest.mark.parametrize("point", ["", "1,2,3", "1,2,3,0", "1,2,3,x", "1,2,3,4,5", "1,2,3,-4"])
def test_wrong_points_are_refused(point: str) -> None:
    with pytest.raises(ConfigError, match="must be V,E,H,L"):
        parse_model(point)


def test_the_command_prints_a_table_and_writes_the_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "stream", "--points", TINY, "--rounds", "1", "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert f"V,E,H,L = {TINY}" in text
    assert "our layers" in text
    values = json.loads((tmp_path / "out" / RESULTS).read_text())
    assert [side["side"] for side in values["results"][TINY]][:1] == ["float32"]


def test_a_core_reads_a_small_block_faster_than_a_gigabyte_a_second() -> None:
    assert read_bandwidth(0.01, seconds=0.01) > 1
    for megabytes, seconds in ((1e9, 0.1), (1, -1.0)):
        with pytest.raises(ConfigError, match="read_bandwidth needs"):
            read_bandwidth(megabytes, seconds)
