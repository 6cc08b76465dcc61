"""Prediction intervals of point forecasts, and the plot of the next steps."""

import json

import numpy as np
import pandas as pd
import pytest

from unrolled import Forecaster
from unrolled.tasks.forecast.future_plot import MAX_SERIES
from unrolled.tasks.forecast.intervals import MIN_FORECASTS, Intervals
from unrolled.tasks.forecast.rolling import Forecasts

LEVELS = (0.1, 0.5, 0.9)
OPTIONS = {"hidden": 4, "horizon": 4, "window": 12, "max_steps": 2, "threads": 1}


def walk(steps=300, seed=0):
    values = 50 + np.random.default_rng(seed).normal(size=steps).cumsum()
    return pd.Series(values, index=pd.date_range("2020-01-01", periods=steps, freq="D"), name="y")


def test_many_errors_give_quantiles_for_each_step():
    errors = np.random.default_rng(0).normal(size=(4000, 3)) * [1, 2, 3] + [0, 1, 0]
    error_quantiles = Intervals.fit(errors, LEVELS).errors
    np.testing.assert_allclose(error_quantiles[:, 1], [0, 1, 0], atol=0.15)
    np.testing.assert_allclose(
        error_quantiles[:, 2] - error_quantiles[:, 1], 1.2816 * np.array([1, 2, 3]), rtol=0.1
    )


def test_few_errors_give_one_normal_interval():
    errors = np.full((MIN_FORECASTS - 1, 3), 2.0)
    np.testing.assert_allclose(Intervals.fit(errors, LEVELS).errors, [[-2.563, 0, 2.563]] * 3, rtol=1e-3)


def test_intervals_widen_beyond_the_horizon():
    intervals = Intervals(np.array([[-1.0, 1.0], [-2.0, 2.0]]))
    quantiles = intervals.around(Forecasts(np.zeros((1, 8)))).quantiles
    assert quantiles is not None
    np.testing.assert_allclose(quantiles[0, :, 1], [1, 2, *(2 * np.sqrt(np.arange(3, 9) / 2))])


@pytest.mark.parametrize("part", ["valid", "test"])
def test_intervals_cover_their_fraction_of_the_part_they_were_fitted_on(part):
    data = walk()
    f = Forecaster(**OPTIONS, valid_fraction=0.3, test_start="2020-08-01" if part == "test" else "")
    f.fit(data, progress=False)
    start = {"valid": f.artifacts.series["y"].fitted_until, "test": "2020-07-31"}[part]
    table = f.backtest(start=pd.Timestamp(start) + pd.Timedelta(1, "D")).table
    errors = (table["actual"] - table["prediction"]).to_numpy().reshape(-1, 4)
    inside = (errors >= np.array(f.result["intervals"]["y"])[:, 0]) & (
        errors <= np.array(f.result["intervals"]["y"])[:, 4]
    )
    np.testing.assert_allclose(inside.mean(axis=0), 0.8, atol=0.05)
    forecast = f.predict()
    assert (np.diff(forecast[["q0.1", "q0.25", "q0.5", "q0.75", "q0.9"]].to_numpy(), axis=1) >= 0).all()


@pytest.mark.draws
def test_without_held_out_data_there_are_no_intervals(tmp_path):
    f = Forecaster(**OPTIONS, valid_fraction=0.0).fit(walk(), progress=False)
    assert list(f.predict()) == ["prediction"]
    f.plot(tmp_path / "future.png")


@pytest.mark.draws
def test_intervals_survive_saving_and_loading(tmp_path):
    f = Forecaster(**OPTIONS).fit(walk(), out=tmp_path / "run", progress=False)
    loaded = Forecaster.load(tmp_path / "run")
    pd.testing.assert_frame_equal(loaded.predict(data=walk()), f.predict())
    assert json.loads((tmp_path / "run" / "result.json").read_text())["intervals"].keys() == {"y"}
    assert (tmp_path / "run" / "plots" / "future.png").stat().st_size > 10_000


@pytest.mark.thin(3)
@pytest.mark.parametrize("output", ["point", "gaussian", "quantile"])
@pytest.mark.parametrize("count", [1, 3, MAX_SERIES + 2])
def test_every_series_has_a_panel(output, count):
    frame = pd.DataFrame({f"s{i} $x$": walk(60, i) for i in range(count)})
    f = Forecaster(**OPTIONS | {"horizon": 2}, target=tuple(frame), output=output, samples=5)
    figure = f.fit(frame, progress=False).plot()
    assert len(figure.axes) == min(count, MAX_SERIES)
    for i, axes in enumerate(figure.axes):
        assert axes.get_ylabel() == rf"s{i} \$x\$"
        forecast = {line.get_label(): line for line in axes.lines}["forecast"]
        assert len(forecast.get_xdata()) == 3  # from the last observed step
        assert len(axes.collections) == 2  # intervals
    title = figure.axes[0].get_title()
    assert title.startswith("forecast of the next 2 steps")
    assert ("the first 40 of 42 series" in title) == (count > MAX_SERIES)


def test_one_target_may_be_a_string():
    frame = pd.DataFrame({"a": walk(60), "b": walk(60, 1)})
    f = Forecaster(**OPTIONS, target="b").fit(frame, progress=False)
    assert list(f.artifacts.series) == ["b"]
    assert f.get_params()["target"] == "b"
