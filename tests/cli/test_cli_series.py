"""Forecasters and music models on the command line: output, and errors in one line."""

import json

import numpy as np
import pandas as pd
import pytest

from unrolled.data.midi import make_midi, read_midi

FLAGS = ["--hidden", "6", "--window", "12", "--horizon", "4", "--epochs", "2", "--threads", "1"]


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A table out of order, with a repeated stamp, a gap and an empty cell."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2000-01-01", periods=120, freq="MS")
    frame = pd.DataFrame({"month": index.strftime("%Y-%m"), "sales": 20 + rng.normal(size=120).round(3)})
    frame.loc[50, "sales"] = np.nan
    frame = pd.concat([frame.drop(70), frame.iloc[[30]]]).iloc[::-1]
    path = tmp_path_factory.mktemp("series") / "sales.csv"
    frame.to_csv(path, index=False)
    return path


TEST = ("--test-start", "2009-01")
RULES = ("--duplicates", "mean", "--missing", "interpolate")


def test_training_describes_the_data_and_compares_with_naive_forecasts(command, series, tmp_path):
    done = command(
        "train",
        "forecast",
        "--data",
        series,
        "--out",
        tmp_path / "run",
        *FLAGS,
        *RULES,
        *TEST,
        "--season",
        "12",
    )
    assert done.status == 0, done.err
    for expected in (
        "sales: 120 steps (MS), 2000-01-01 to 2009-12-01: 98 training, 10 held out, 12 test",
        "rows were out of order: sorted",
        "1 row repeats a time stamp: averaged",
        "1 time stamp is missing",
        "1 number is empty",
        "2 numbers filled by straight lines",
        "seasonal naive",
        "random walk",
        "random walk with drift",
        "autoregression",
        "this lstm",
        "MAE ratio",
    ):
        assert expected in done.out, expected
    done = command("evaluate", tmp_path / "run", "--data", series, "--json")
    values = json.loads(done.out)
    assert values["mae"] > 0
    assert values["first"] == "2009-01-01"
    assert "1 row repeats" in command("evaluate", tmp_path / "run", "--data", series).out


def test_a_time_limit_stops_within_an_epoch(command, series, tmp_path):
    flags = [*FLAGS, *RULES, "--batch", "8", "--minutes", "1e-9"]
    done = command("train", "forecast", "--data", series, "--out", tmp_path / "run", *flags)
    assert done.status == 0, done.err
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["steps"] == 1
    assert 0 < result["epochs"] < 1
    done = command("train", "forecast", "--data", series, "--out", tmp_path / "no", *FLAGS, "--minutes", "-1")
    assert "--minutes -1.0: must be at least 0" in done.err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--duplicates", "error"), "1 row repeats a time stamp (2002-07-01)"),
        (("--missing", "error"), "time stamps lack a number (2004-03-01, 2005-11-01)"),
        ((*RULES, "--target", "sale"), "did you mean 'sales'"),
        ((*RULES, "--time", "when"), "has no column 'when'; it has 'month', 'sales'"),
        ((*RULES, "--test-start", "2031"), "must lie within the series"),
        ((*RULES, "--calendar", "monthly"), "month"),
        ((*RULES, "--strategy", "both"), "is not one of auto, recursive, direct"),
    ],
)
def test_unusable_series_and_options_are_refused(command, series, tmp_path, flags, message):
    done = command("train", "forecast", "--data", series, "--out", tmp_path / "run", *FLAGS, *flags)
    assert message in done.error
    assert not (tmp_path / "run").exists()


def test_missing_series_are_errors(command, tmp_path):
    assert "give --data" in command("train", "forecast", "--out", tmp_path / "run").error
    done = command("train", "forecast", "--data", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert "none.csv: no such file" in done.error
    assert (
        "write one of @timeseries/"
        in command("train", "forecast", "--data", "@timeseries/airline", "--out", tmp_path / "run").error
    )


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    path = tmp_path_factory.mktemp("music") / "pieces.json"
    rows = [[[60, 64], [62, 65], [64, 67]] * (2 + i % 3) for i in range(12)]
    path.write_text(json.dumps(rows))
    return path


def test_music_is_trained_and_composed(command, music, tmp_path):
    run, out = tmp_path / "run", tmp_path / "piece.mid"
    done = command(
        "train", "music", "--data", music, "--out", run, "--hidden", 8, "--epochs", 2, "--threads", 1
    )
    assert done.status == 0, done.err
    assert "how often each key" in done.out
    assert f"unrolled compose {run} --out piece.mid" in done.out
    done = command("compose", run, "--out", out, "--length", 9)
    assert done.out.startswith(f"{out}: 9 steps")
    assert out.read_bytes().startswith(b"MThd")
    assert "exists already" in command("compose", run, "--out", out).error
    make_midi([(60, 64), (62, 65)]).save(tmp_path / "opening.mid")
    words = ("compose", run, "--out", out, "--overwrite", "--opening", tmp_path / "opening.mid")
    assert command(*words).status == 0
    assert read_midi(out)[:2] == [(60, 64), (62, 65)]
    assert "does not exist" in command("compose", run, "--out", tmp_path / "no" / "p.mid").error
    assert "NLL" in command("evaluate", run, "--data", music).out


def test_a_run_of_another_task_is_refused(command, music, tmp_path, tiny_run):
    done = command("compose", tiny_run, "--out", tmp_path / "p.mid")
    assert "holds a run of task 'lm', not 'music'" in done.error
