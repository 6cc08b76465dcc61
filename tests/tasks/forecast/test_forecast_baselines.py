"""Baseline forecasts: fitted on the training part, on the model's scale, from the same origins."""

import copy
import dataclasses
import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from unrolled import Forecaster
from unrolled.baselines import Autoregression
from unrolled.tasks.forecast.report import print_scores
from unrolled.tasks.forecast.score import BASELINES

TINY = {"hidden": 4, "window": 12, "horizon": 4, "batch": 16, "max_steps": 2, "threads": 1, "linear": "none"}
TEST = {"test_start": "2008-01"}


def sales(steps=120, seed=0):
    """Positive numbers whose logarithms have a season of 12, a trend and noise."""
    t = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 0.1, steps)
    values = np.exp(3 + 0.01 * t + 0.5 * np.sin(2 * np.pi * t / 12) + noise)
    return pd.DataFrame({"y": values}, index=pd.date_range("2000-01-01", periods=steps, freq="MS"))


def fit_forecaster(data=None, **options):
    return Forecaster(**TINY | TEST | options).fit(sales() if data is None else data, progress=False)


def coefficients(f):
    return f.data_info["series"]["y"]["autoregression"]


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("difference", [0, 1, 12])
def test_the_autoregression_uses_the_transformed_series(strategy, difference):
    f = fit_forecaster(transform="log", difference=difference, strategy=strategy)
    logs = np.log(sales().y.to_numpy())
    lag = difference
    changes = logs[lag:] - logs[:-lag] if lag else logs
    train = f.data_info["series"]["y"]["train"]
    model = Autoregression.fit(changes[: train - lag], season=12)
    table = f.backtest().table
    origins = [96 + i for i in range(table["origin"].nunique())]
    predicted = model.predict(changes, [o - lag for o in origins], 4)
    expected = []
    for o, z in zip(origins, predicted, strict=True):
        extended = list(logs[:o])
        for k in range(4):
            extended.append(z[k] + (extended[-lag] if lag else 0.0))
        expected += np.exp(extended[o:]).tolist()
    np.testing.assert_allclose(table["autoregression"], expected, rtol=1e-9)


def test_baselines_do_not_use_held_out_data():
    changed = sales()
    f = fit_forecaster()
    changed.iloc[f.data_info["series"]["y"]["train"] :] *= 3.0
    assert coefficients(fit_forecaster(changed)) == coefficients(f)


def test_every_baseline_has_metrics_and_a_comparison():
    f = fit_forecaster()
    backtest = f.backtest()
    for name in BASELINES:
        mae = (backtest.table.actual - backtest.table[name]).abs().mean()
        assert backtest.score.baselines[name]["mae"] == pytest.approx(mae)
        assert backtest.score.versus[name]["difference"] == pytest.approx(backtest.score.figures["mae"] - mae)
        assert BASELINES[name] in str(backtest.score)
    assert backtest.score.baselines["autoregression"]["mae"] < backtest.score.baselines["random_walk"]["mae"]


def test_baselines_forecast_shorter_tables():
    f, data = fit_forecaster(), sales()
    without_start = f.backtest(data.iloc[30:]).table
    full = f.backtest(data).table
    np.testing.assert_allclose(without_start["autoregression"], full["autoregression"], rtol=1e-9)
    last_rows = f.backtest(data.iloc[95:]).table
    assert last_rows["autoregression"].isna().any()  # too few steps before the first origins


def test_baselines_survive_saving_and_loading(tmp_path):
    f = fit_forecaster()
    f.save(tmp_path / "run")
    loaded = Forecaster.load(tmp_path / "run")
    assert loaded.backtest(sales()).score.to_json() == f.result["test"]


def render_scores(f):
    console = Console(width=200, file=io.StringIO())
    print_scores(f, console)
    return console.file.getvalue()


def test_the_report_has_a_row_for_each_baseline():
    f = fit_forecaster()
    output = render_scores(f)
    order = len(coefficients(f)["coefficients"])
    rows = ("seasonal naive (12 steps)", "│ random walk with drift", f"autoregression ({order})", "this lstm")
    for row in rows:
        assert output.count(row) == 2  # held-out part and test part


def test_a_short_series_has_no_autoregression():
    options = TINY | {"window": 3, "horizon": 1, "valid_fraction": 0.2, "difference": 1}
    f = Forecaster(**options).fit(sales(8), progress=False)
    assert coefficients(f) is None
    assert f.result["valid"]["baselines"]["autoregression"]["mae"] is None
    assert "autoregression: no comparison" in render_scores(f)


def test_a_run_from_an_older_version_is_read():
    f = copy.copy(fit_forecaster())
    f.result = json.loads(json.dumps(f.result))
    old_artifacts = dataclasses.replace(f.artifacts.series["y"], autoregression=None)
    f._artifacts = dataclasses.replace(f.artifacts, series={"y": old_artifacts})
    for part in ("valid", "test"):
        for key in ("baselines", "versus"):
            for name in ("drift", "autoregression"):
                del f.result[part][key][name]
    assert "random walk" in render_scores(f)
    assert "drift" not in render_scores(f)
    assert f.backtest().score.baselines["autoregression"]["mae"] is None
