"""The forecasts beside a forecaster's: fitted before the test, on its scale, from its origins."""

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
    """Positive numbers with a season of 12, a trend and noise, on the scale of logarithms."""
    t = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 0.1, steps)
    values = np.exp(3 + 0.01 * t + 0.5 * np.sin(2 * np.pi * t / 12) + noise)
    return pd.DataFrame({"y": values}, index=pd.date_range("2000-01-01", periods=steps, freq="MS"))


def fitted(data=None, **options):
    return Forecaster(**TINY | TEST | options).fit(sales() if data is None else data, progress=False)


def coefficients(f):
    return f.facts["series"]["y"]["autoregression"]


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("difference", [0, 1, 12])
def test_the_autoregression_is_on_the_scale_of_the_network(strategy, difference):
    f = fitted(transform="log", difference=difference, strategy=strategy)
    g = np.log(sales().y.to_numpy())
    d = difference
    changes = g[d:] - g[:-d] if d else g
    train = f.facts["series"]["y"]["train"]
    model = Autoregression.fit(changes[: train - d], season=12)
    table = f.backtest().table
    origins = [96 + i for i in range(table["origin"].nunique())]
    said = model.predict(changes, [o - d for o in origins], 4)
    expected = []
    for o, z in zip(origins, said, strict=True):
        known = list(g[:o])
        for k in range(4):
            known.append(z[k] + (known[-d] if d else 0.0))
        expected += np.exp(known[o:]).tolist()
    np.testing.assert_allclose(table["autoregression"], expected, rtol=1e-9)


def test_baselines_learn_nothing_from_what_is_held_out():
    changed = sales()
    f = fitted()
    changed.iloc[f.facts["series"]["y"]["train"] :] *= 3.0
    assert coefficients(fitted(changed)) == coefficients(f)


def test_every_baseline_has_figures_and_a_verdict():
    f = fitted()
    rolled = f.backtest()
    for name in BASELINES:
        mae = (rolled.table.actual - rolled.table[name]).abs().mean()
        assert rolled.score.baselines[name]["mae"] == pytest.approx(mae)
        assert rolled.score.versus[name]["difference"] == pytest.approx(rolled.score.figures["mae"] - mae)
        assert BASELINES[name] in str(rolled.score)
    assert rolled.score.baselines["autoregression"]["mae"] < rolled.score.baselines["random_walk"]["mae"]


def test_they_forecast_longer_and_shorter_tables_too():
    f, data = fitted(), sales()
    later = f.backtest(data.iloc[30:]).table
    whole = f.backtest(data).table
    np.testing.assert_allclose(later["autoregression"], whole["autoregression"], rtol=1e-9)
    early = f.backtest(data.iloc[95:]).table
    assert early["autoregression"].isna().any()  # too few steps before the first origins


def test_a_run_comes_back_with_them(tmp_path):
    f = fitted()
    f.save(tmp_path / "run")
    again = Forecaster.load(tmp_path / "run")
    assert again.backtest(sales()).score.to_json() == f.result["test"]


def shown(f):
    console = Console(width=200, file=io.StringIO())
    print_scores(f, console)
    return console.file.getvalue()


def test_the_report_has_a_row_of_each():
    f = fitted()
    said = shown(f)
    order = len(coefficients(f)["coefficients"])
    rows = ("seasonal naive (12 steps)", "│ random walk with drift", f"autoregression ({order})", "this lstm")
    for row in rows:
        assert said.count(row) == 2  # held-out part and test part


def test_a_series_that_is_too_short_has_no_autoregression():
    options = TINY | {"window": 3, "horizon": 1, "valid_fraction": 0.2, "difference": 1}
    f = Forecaster(**options).fit(sales(8), progress=False)
    assert coefficients(f) is None
    assert f.result["valid"]["baselines"]["autoregression"]["mae"] is None
    assert "autoregression: no comparison" in shown(f)


def test_a_run_from_before_there_were_more_baselines_is_read():
    f = copy.copy(fitted())
    f.result = json.loads(json.dumps(f.result))
    earlier = dataclasses.replace(f.artifacts.series["y"], autoregression=None)
    f._artifacts = dataclasses.replace(f.artifacts, series={"y": earlier})
    for part in ("valid", "test"):
        for kind in ("baselines", "versus"):
            for name in ("drift", "autoregression"):
                del f.result[part][kind][name]
    assert "random walk" in shown(f)
    assert "drift" not in shown(f)
    assert f.backtest().score.baselines["autoregression"]["mae"] is None
