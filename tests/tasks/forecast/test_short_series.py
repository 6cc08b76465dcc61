"""Data in which some series are too short."""

import numpy as np
import pandas as pd
import pytest

import unrolled as ur
from unrolled.cli.main import main
from unrolled.errors import DataError

SHORT = ["--max-steps", "2", "--hidden", "4", "--threads", "1"]


def long_table(**steps: int) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2001-01-01", periods=count),
                "y": 10 + np.arange(count) % 7 + np.sin(np.arange(count) * 3.3),
            }
        )
        for name, count in steps.items()
    ]
    return pd.concat(parts)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "s.csv"
    long_table(a=60, one=1, b=50, five=5).to_csv(path, index=False)
    return path


def test_short_series_are_left_out_with_a_note(tmp_path, table, capsys):
    run = tmp_path / "run"
    assert main(["train", "forecast", "--data", str(table), "--out", str(run), *SHORT]) == 0
    captured = capsys.readouterr().err
    assert "2 of 4 series are too short and left out: 'one', 'five'" in captured
    assert "horizon: 7 steps" in captured, "a series that is left out does not shorten the horizon"
    model = ur.load(run)
    assert set(model.predict()["series"]) == set(model.predict(data=table)["series"]) == {"a", "b"}
    score = model.evaluate(table)
    assert score.figures["mae"] > 0
    for notes in (score.notes, model.predict().attrs["notes"]):
        assert "left out here, as in training: series 'one', 'five'" in notes
    with pytest.raises(DataError, match="series 'one': left out of training as too short"):
        model.predict(data=long_table(one=40))


def test_compare_uses_the_series_that_are_long_enough(tmp_path, table, capsys):
    out = str(tmp_path / "out")
    assert main(["compare", "forecast", "--data", str(table), "--out", out, "--models", "drift"]) == 0
    captured = capsys.readouterr()
    assert "2 of 4 series are too short" in captured.err
    assert "2 series" in captured.out + captured.err


def test_data_with_only_short_series_are_refused(tmp_path):
    with pytest.raises(DataError, match="3 steps are too few to hold out one horizon of 3 and train"):
        ur.Forecaster(hidden=4, max_steps=2, horizon=3).fit(long_table(a=3, b=3))


def test_a_huge_cell_is_shortened_in_errors():
    rows = pd.DataFrame({"ds": pd.date_range("2001-01-01", periods=30), "y": ["1"] * 29 + ["9" * 5000]})
    with pytest.raises(DataError) as error:
        ur.Forecaster(hidden=4).fit(rows)
    assert len(str(error.value)) < 300
