"""Defaults that follow from the series; options given by the user are kept."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from unrolled import Forecaster
from unrolled.errors import DataError
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.frequency import defaults_for_index

SHORT = {"hidden": 4, "max_steps": 2, "threads": 1}


def waves(steps, freq="MS", season=12, noise=0.3, seed=0):
    t = np.arange(steps)
    values = 20 + 0.05 * t + 5 * np.sin(2 * np.pi * t / season)
    values += np.random.default_rng(seed).normal(0, noise, steps)
    return pd.Series(values, index=pd.date_range("2000-01-03", periods=steps, freq=freq), name="y")


def fit_forecaster(data, **options):
    return Forecaster(**SHORT | options).fit(data, progress=False)


@pytest.mark.parametrize("steps", [79, 84, 100, 118])
def test_a_horizon_is_held_out_of_short_monthly_series(steps):
    f = fit_forecaster(waves(steps))
    assert f.config.forecast.horizon == 12
    assert f.data_info["series"]["y"]["valid"] == 12
    assert f.result["valid"]["origins"] == 1
    assert len(f.predict()) == 12


@pytest.mark.parametrize("steps", [5, 6, 7, 8, 10, 13, 24, 40])
def test_the_horizon_of_a_very_short_series_is_a_fifth_of_it(steps):
    f = fit_forecaster(waves(steps, "YS"))
    assert f.config.forecast.horizon == max(1, min(6, steps // 5))
    assert np.isfinite(f.predict()["prediction"]).all()


@pytest.mark.parametrize(
    ("freq", "horizon", "seasons", "calendar"),
    [
        ("YS", 6, (), []),
        ("QS", 8, (4,), ["month"]),
        ("ME", 12, (12,), ["month"]),
        ("MS", 12, (12,), ["month"]),
        ("W", 8, (52,), ["day-of-year"]),
        ("D", 7, (7, 365), ["weekday", "day-of-year"]),
        ("B", 5, (5,), []),
        ("h", 24, (24, 168), ["hour", "weekday", "day-of-year"]),
        ("30min", 48, (2, 48, 336), ["hour", "weekday", "day-of-year"]),
        ("15min", 24, (4, 96, 672), ["hour", "weekday", "day-of-year"]),
        ("2D", 12, (), []),
    ],
)
def test_defaults_of_each_frequency(freq, horizon, seasons, calendar):
    defaults = defaults_for_index(pd.date_range("2001-02-01", periods=40, freq=freq))
    assert (defaults.horizon, defaults.seasons, [name for name, _ in defaults.calendar]) == (
        horizon,
        seasons,
        calendar,
    )


@pytest.mark.parametrize("index", [pd.RangeIndex(40), pd.date_range("2001", periods=1, freq="D")])
def test_without_time_stamps_there_is_no_default_season(index):
    assert defaults_for_index(index).seasons == ()


def test_notes_name_each_default_and_its_option():
    f = fit_forecaster(waves(96))
    assert f.notes == (
        "the frequency is MS (--frequency)",
        "horizon: 12 steps (--horizon)",
        "season: 12 steps (--season)",
        "model: the network learns the difference from an autoregression (--linear none: the values)",
        "calendar: month (--calendar)",
    )
    noise = pd.Series(np.random.default_rng(0).normal(size=96), index=waves(96).index)
    assert "season: none of 12 steps (--season)" in fit_forecaster(noise).notes


def test_given_options_are_kept():
    options = {
        "horizon": 3,
        "season": 4,
        "strategy": "recursive",
        "linear": "none",
        "transform": "sqrt",
        "difference": 2,
        "calendar": (),
        "window": 7,
        "stride": 5,
        "epochs": 3,
    }
    f = fit_forecaster(waves(96), **options)
    assert {name: f.get_params()[name] for name in options} == options
    final_config = dataclasses.asdict(f.config)
    for group in ("features", "forecast", "training"):
        for name in final_config[group].keys() & options.keys():
            assert final_config[group][name] == options[name], name
    assert f.notes == ("the frequency is MS (--frequency)",)


def test_each_fit_derives_its_own_defaults():
    f = fit_forecaster(waves(96))
    assert f.config.forecast.horizon == 12
    f.fit(waves(300, "D"), progress=False)
    assert (f.config.forecast.horizon, f.config.features.calendar) == (7, ("weekday",))
    assert f.get_params()["horizon"] == 0


def test_a_trained_config_has_no_automatic_values(tmp_path):
    f = Forecaster(**SHORT).fit(waves(96), out=tmp_path / "run", progress=False)
    loaded = Forecaster.load(tmp_path / "run")
    assert loaded.config == f.config
    assert loaded.notes == f.notes
    automatic = dataclasses.asdict(ForecasterConfig())
    for group, names in {
        "forecast": ("horizon", "strategy", "linear"),
        "features": ("transform", "difference", "calendar", "season"),
        "training": ("window", "stride", "epochs"),
    }.items():
        for name in names:
            assert getattr(getattr(loaded.config, group), name) != automatic[group][name], name


@pytest.mark.parametrize(
    "options",
    [
        {"output": "gaussian", "samples": 4},
        {"output": "student-t", "samples": 4},
        {"output": "quantile"},
        {"loss": "absolute"},
        {"mode": "stream"},
        {"lags": (12,)},
        {"lags": (5, 12)},
        {"strategy": "recursive"},
        {"linear": "naive"},
        {"linear": "none"},
        {"difference": 12},
        {"members": 2},
        {"transform": "log"},
        {"valid_fraction": 0.0},
        {"valid_fraction": 0.02},
        {"test_start": "2007-11-01"},
        {"cell": "tdnn"},
        {"cell": "feed-forward"},
        {"scale": "minmax"},
        {"horizon": 30},
        {"window": 50},
        {"season": 5},
    ],
    ids=str,
)
def test_each_option_alone_is_accepted(options):
    f = fit_forecaster(waves(96), **options)
    assert np.isfinite(f.predict()["prediction"]).all()


def test_a_short_test_part_limits_the_default_horizon():
    f = fit_forecaster(waves(96), test_start="2007-11-01")
    assert f.config.forecast.horizon == 3
    with pytest.raises(DataError, match="3 steps from test_start on are fewer than the horizon of 12"):
        fit_forecaster(waves(96), test_start="2007-11-01", horizon=12)


# -- the scale of the data ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unscaled():
    return fit_forecaster(waves(100), max_steps=10)


@pytest.mark.parametrize("factor", [1e-13, 1e-250, 1e12, 1e90])
def test_forecasts_scale_with_the_unit_of_the_data(unscaled, factor):
    f = fit_forecaster(waves(100) * factor, max_steps=10)
    np.testing.assert_allclose(
        f.predict()["prediction"] / factor, unscaled.predict()["prediction"], rtol=1e-6
    )
    scores, unit_scores = f.result["valid"], unscaled.result["valid"]
    assert scores["mase"] == pytest.approx(unit_scores["mase"], rel=1e-5)
    assert scores["versus"]["autoregression"]["ratio"] == pytest.approx(
        unit_scores["versus"]["autoregression"]["ratio"], rel=1e-5
    )


def test_forecasts_shift_with_the_data(unscaled):
    f = fit_forecaster(waves(100) + 1e9, max_steps=10)
    np.testing.assert_allclose(f.predict()["prediction"] - 1e9, unscaled.predict()["prediction"], atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 7.0, -1e-13, 1e9])
def test_a_constant_series_stays_constant(value):
    f = fit_forecaster(waves(100) * 0 + value)
    np.testing.assert_allclose(f.predict()["prediction"], value, rtol=1e-12)
    assert f.result["valid"]["mae"] <= 1e-12 * abs(value)
    assert f.result["valid"]["mase"] is None
    assert not f.result["better_baseline"]


def test_a_constant_series_does_not_change_the_scores_of_others():
    frame = pd.DataFrame({"a": waves(100), "c": 7.0})
    both, single = fit_forecaster(frame, target=("a", "c")), fit_forecaster(waves(100).rename("a"))
    assert both.result["valid"]["mase"] == pytest.approx(single.result["valid"]["mase"], rel=0.05)
    verdicts = str(both.evaluate(frame))
    assert "no comparison" not in verdicts
    assert both.evaluate(frame).versus["seasonal_naive"]["ratio"] < 1
