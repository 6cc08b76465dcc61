"""The table of training runs with default options: a small data set, trained by the command."""

import io
import json

import pytest

from unrolled.bench.defaults.measure import measure_defaults
from unrolled.bench.defaults.outcome import DefaultOutcome, make_outcome
from unrolled.bench.defaults.sets import PublicSet, find_sets
from unrolled.errors import RunError
from unrolled.terminal import Terminal

TEXT = PublicSet(
    "text", "lm", "text.txt", ("--max-steps", "3", "--hidden", "8", "--batch", "2", "--steps", "8")
)


def default_outcome(score, higher, **baselines):
    return DefaultOutcome("airline", "forecast", "", "MAE", higher, score, baselines, 0.5, 1.0, "airline")


def test_comparison_with_the_best_baseline():
    lower = default_outcome(13.0, False, naive=50.8, autoregression=13.4)
    assert lower.best == ("autoregression", 13.4)
    assert lower.wins
    assert "better" in lower.cells()
    higher = default_outcome(0.774, True, most=0.5, tfidf=0.789)
    assert higher.best == ("tfidf", 0.789)
    assert not higher.wins
    assert "loses" in higher.cells()
    assert "better" in lower.cells()
    assert "last step mape 2.89 (test)" in lower.cells()
    assert lower.cells()[-2:] == ["30 s", "1.0 min"]
    assert "as good" in default_outcome(13.4, False, naive=50.8, autoregression=13.4).cells()


def test_a_run_without_baselines_is_refused():
    (airline,) = find_sets(["airline"])
    with pytest.raises(RunError, match="airline: the run has no baselines to compare with"):
        make_outcome(airline, {"training_seconds": 1.0}, [], 2.0)


@pytest.fixture
def measure(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    (data / "text.txt").write_text("the quick brown fox jumps over the lazy dog\n" * 60)
    monkeypatch.setenv("UNROLLED_DATA", str(data))

    def run_sets(sets):
        output = io.StringIO()
        console = Terminal(file=output, width=200, markup=False, soft_wrap=True)
        return measure_defaults(sets, tmp_path / "out", console, threads=1), output.getvalue()

    return run_sets


@pytest.mark.slow
def test_a_failed_run_is_named_the_others_continue_and_are_kept(measure, tmp_path):
    succeeded, output = measure([PublicSet("gone", "lm", "gone.txt"), TEXT])
    assert not succeeded
    assert "| text --max-steps 3" in output
    written = json.loads((tmp_path / "out" / "defaults.json").read_text())
    assert written["sets"][0]["baselines"]
    before = (tmp_path / "out" / "text.log").stat().st_mtime_ns
    assert measure([TEXT])[0]
    assert (tmp_path / "out" / "text.log").stat().st_mtime_ns == before
    assert (tmp_path / "out" / "defaults.md").read_text().startswith("| set |")
    assert "gone: exit status 1: " in output
    assert "gone.txt: no such file" in output
    assert "| text" in output
    assert "failed: gone" in output
