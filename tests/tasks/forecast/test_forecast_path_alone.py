"""``unrolled train forecast --data FILE --out RUN``, with only the options that shorten training."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import unrolled as ur
from unrolled.cli.main import main

SHORT = ["--max-steps", "2", "--hidden", "4", "--threads", "1"]


def write_table(path: Path, freq: str, time_format: str, steps: int, columns: int = 1) -> Path:
    t = np.arange(steps)
    rng = np.random.default_rng(0)
    names = ["Passengers", "Cargo", "Mail"][:columns]
    values = {
        n: (i + 1) * (20 + t / 20 + 5 * np.sin(t * np.pi / 6) + rng.normal(0, 0.3, steps)).round(3)
        for i, n in enumerate(names)
    }
    stamps = pd.date_range("2001-01-01", periods=steps, freq=freq).strftime(time_format)
    pd.DataFrame({"Month": stamps, **values}).to_csv(path, index=False)
    return path


def train(path: Path, out: Path, *more: str) -> int:
    return main(["train", "forecast", "--data", str(path), "--out", str(out), *SHORT, *more])


@pytest.mark.parametrize(
    ("freq", "time_format", "steps", "notes"),
    [
        ("MS", "%Y-%m", 84, ("horizon: 12 steps", "season: 12 steps", "calendar: month")),
        ("YS", "%Y-%m-%d", 60, ("horizon: 6 steps",)),
        ("QS", "%Y-%m-%d", 60, ("horizon: 8 steps", "calendar: month")),
        ("D", "%Y-%m-%d", 120, ("horizon: 7 steps", "calendar: weekday")),
        ("h", "%Y-%m-%d %H:%M", 300, ("horizon: 24 steps", "calendar: hour")),
    ],
)
def test_a_table_of_one_series(tmp_path, capsys, freq, time_format, steps, notes):
    path, run = write_table(tmp_path / "s.csv", freq, time_format, steps), tmp_path / "run"
    assert train(path, run) == 0
    captured = capsys.readouterr()
    for note in notes:
        assert note in captured.err
        assert any(stored.startswith(note) for stored in ur.load(run).notes)
    assert "autoregression" in captured.out
    assert main(["predict", str(run)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 1 + ur.load(run).config.forecast.horizon
    assert main(["evaluate", str(run), "--data", str(path), "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["mae"] == pytest.approx(ur.load(run).result["valid"]["mae"])


def test_a_longer_file_must_be_given_to_predict(tmp_path, capsys):
    path, run = write_table(tmp_path / "s.csv", "MS", "%Y-%m", 84), tmp_path / "run"
    assert train(path, run) == 0
    write_table(path, "MS", "%Y-%m", 90)
    capsys.readouterr()
    assert main(["predict", str(run)]) == 1
    assert "has 90 steps and had 84 in training" in capsys.readouterr().err
    assert main(["predict", str(run), "--data", str(path)]) == 0
    assert "2008-07" in capsys.readouterr().out


def test_several_columns_are_forecast_together(tmp_path, capsys):
    path, run = write_table(tmp_path / "s.csv", "MS", "%Y-%m", 84, columns=3), tmp_path / "run"
    assert train(path, run) == 0
    assert list(ur.load(run).artifacts.series) == ["Passengers", "Cargo", "Mail"]
    capsys.readouterr()
    assert main(["predict", str(run)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 3 * 12


def test_the_better_baseline_is_the_first_line(tmp_path, capsys):
    path, run = write_table(tmp_path / "s.csv", "MS", "%Y-%m", 84), tmp_path / "run"
    assert train(path, run, "--linear", "none") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("autoregression is the better choice here: MASE ")
    assert ur.load(run).result["better_baseline"] == first


def test_the_compare_command_runs(tmp_path, capsys):
    path, out = write_table(tmp_path / "s.csv", "MS", "%Y-%m", 84), tmp_path / "out"
    models = ["--models", "random-walk", "seasonal-naive", "autoregression", "gru"]
    argv = ["compare", "forecast", "--data", str(path), "--out", str(out), *models, *SHORT]
    assert main(argv) == 0
    assert "forecasts of 12 steps" in capsys.readouterr().out
    assert ur.load(out / "runs" / "gru-1").config.forecast.horizon == 12
