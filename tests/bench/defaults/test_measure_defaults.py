"""The table of trainings without options: a small set, trained by the command."""

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


def outcome(own, higher, **baselines):
    return DefaultOutcome("airline", "forecast", "", "MAE", higher, own, baselines, 0.5, 1.0, "airline")


def test_the_best_baseline_and_who_wins():
    lower = outcome(13.0, False, naive=50.8, autoregression=13.4)
    assert lower.best == ("autoregression", 13.4)
    assert lower.wins
    assert "better" in lower.cells()
    higher = outcome(0.774, True, most=0.5, tfidf=0.789)
    assert higher.best == ("tfidf", 0.789)
    assert not higher.wins
    assert "loses" in higher.cells()
    assert "better" in lower.cells()
    assert "last step mape 2.89 (test)" in lower.cells()
    assert lower.cells()[-2:] == ["30 s", "1.0 min"]
    assert "as good" in outcome(13.4, False, naive=50.8, autoregression=13.4).cells()


def test_a_run_without_baselines_is_refused():
    (airline,) = find_sets(["airline"])
    with pytest.raises(RunError, match="airline: the run has no baselines to compare with"):
        make_outcome(airline, {"training_seconds": 1.0}, [], 2.0)


@pytest.fixture
def small(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    (data / "text.txt").write_text("the quick brown fox jumps over the lazy dog\n" * 60)
    monkeypatch.setenv("UNROLLED_DATA", str(data))

    def measure(sets):
        shown = io.StringIO()
        console = Terminal(file=shown, width=200, markup=False, soft_wrap=True)
        return measure_defaults(sets, tmp_path / "out", console, threads=1), shown.getvalue()

    return measure


def test_a_set_is_trained_once_and_kept(small, tmp_path):
    well, said = small([TEXT])
    assert well, said
    assert "| text --max-steps 3" in said
    written = json.loads((tmp_path / "out" / "defaults.json").read_text())
    assert written["sets"][0]["baselines"]
    before = (tmp_path / "out" / "text.log").stat().st_mtime_ns
    assert small([TEXT])[0]
    assert (tmp_path / "out" / "text.log").stat().st_mtime_ns == before
    assert (tmp_path / "out" / "defaults.md").read_text().startswith("| set |")


def test_a_training_that_fails_is_named_and_the_others_go_on(small):
    well, said = small([PublicSet("gone", "lm", "gone.txt"), TEXT])
    assert not well
    assert "gone: exit status 1: " in said
    assert "gone.txt: no such file" in said
    assert "| text" in said
    assert "failed: gone" in said
