"""The forecasting ladder end to end."""

import numpy as np
import pandas as pd
import pytest

import unrolled as ur
from cases import write_series
from ladder_runs import check_table, compared, kept, mean_of, times
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.experiments.significance import paired_bootstrap
from unrolled.tasks.forecast.ladder import BASELINE_KEYS, ForecastLadder

METRICS = ("mae", "mape", "smape", "mase", "last_step_mae", "last_step_mape", "rmse")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_series(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def ladder_run(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("whole") / "ladder"
    return out, compared("forecast", data, out)


@pytest.fixture(scope="module")
def backtest(ladder_run):
    return ur.Forecaster.load(ladder_run[0] / "runs" / "lstm-1").backtest()


@pytest.mark.slow
@pytest.mark.draws
def test_every_default_rung_runs(ladder_run):
    out, table = ladder_run
    check_table(table, ForecastLadder.rungs, out)
    for rung in table["model"]:
        assert kept(out, rung)[1].losses.mean() == pytest.approx(mean_of(table, rung))


def test_the_default_test_part_is_the_last_fifth(ladder_run, data):
    times_ = pd.read_csv(data)["day"]
    model = ur.Forecaster.load(ladder_run[0] / "runs" / "gru-1")
    assert model.config.data.test_start.startswith(times_[176])
    assert len(kept(ladder_run[0], "gru")[1].items) == 220 - 176 - 7 + 1


@pytest.mark.parametrize("rung", ["tdnn", "jordan", "lstm"])
def test_networks_score_as_in_their_own_runs(ladder_run, rung):
    out, table = ladder_run
    score = ur.Forecaster.load(out / "runs" / f"{rung}-1").backtest().score
    assert mean_of(table, rung) == pytest.approx(score.figures["mase"])
    scores = kept(out, rung)[0].scores
    for name, value in score.figures.items():
        assert scores[name] == pytest.approx(value), name
    assert scores["relative_mase"] == pytest.approx(score.versus["seasonal_naive"]["ratio"])


@pytest.mark.parametrize("rung", BASELINE_KEYS)
def test_simple_rungs_equal_the_baselines_of_a_backtest(ladder_run, backtest, rung):
    out, table = ladder_run
    expected = backtest.score.baselines[BASELINE_KEYS[rung]]
    scores = kept(out, rung)[0].scores
    assert mean_of(table, rung) == pytest.approx(expected["mase"])
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value), name
    assert (kept(out, rung)[0].size > 0) == (rung == "autoregression")


@pytest.mark.parametrize("metric", METRICS)
def test_differences_are_in_the_metric(ladder_run, data, metric, monkeypatch):
    out, _ = ladder_run
    earlier_times = times(out)
    monkeypatch.setattr(ur.Forecaster, "fit", None)
    table = compared("forecast", data, out, models=["seasonal-naive", "lstm"], metric=metric)
    assert times(out) == earlier_times
    means = table["mean"] ** 2 if metric == "rmse" else table["mean"]
    assert table["difference"].iloc[1] == pytest.approx(means[1] - means[0])


def test_bootstrap_blocks_cover_a_horizon(tmp_path, data):
    # Neighbouring forecasts share 6 of 7 steps, so their errors are strongly correlated.
    block_lengths = []

    def record_block(losses_a, losses_b, *, block):
        block_lengths.append(block)
        return paired_bootstrap(losses_a, losses_b, block=block)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unrolled.experiments.comparison_report.paired_bootstrap", record_block)
        rungs = ["random-walk", "drift"]
        compared("forecast", data, tmp_path / "one", models=rungs)
        compared("forecast", data, tmp_path / "three", models=rungs, backtest_stride=3)
    assert block_lengths == [7, 3]


def long_table(path, lengths):
    rng = np.random.default_rng(0)
    parts = []
    for number, length in enumerate(lengths):
        days = pd.date_range("2020-01-01", periods=length, freq="D")
        values = (
            10 * (number + 1) + 3 * np.sin(np.arange(length) * 2 * np.pi / 7) + rng.normal(0, 0.3, length)
        )
        parts.append(pd.DataFrame({"day": days, "name": f"s{number}", "value": values}))
    pd.concat(parts).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_several_series(tmp_path):
    path, out = long_table(tmp_path / "long.csv", [150, 160]), tmp_path / "out"
    options = {"series": "name", "target": ("value",)}
    rungs = ["seasonal-naive", "autoregression", "gru"]
    table = compared("forecast", path, out, models=rungs, **options)
    model = ur.Forecaster.load(out / "runs" / "gru-1")
    score = model.backtest().score
    assert mean_of(table, "gru") == pytest.approx(score.figures["mase"])
    assert mean_of(table, "seasonal-naive") == pytest.approx(score.baselines["seasonal_naive"]["mase"])
    _, units, extra = kept(out, "gru")
    assert len(units.items) == score.origins
    assert len(set(extra["scale"])) == 2
    with pytest.raises(DataError, match=r"series 's0': from test_start=2020-05-26 on .* no room .* 7 steps"):
        compared("forecast", path, tmp_path / "late", test_start="2020-05-26", **options)


def test_mape_is_undefined_for_zeros(tmp_path):
    path = tmp_path / "zeros.csv"
    days = pd.date_range("2020-01-01", periods=120, freq="D")
    pd.DataFrame({"day": days, "value": np.arange(120) % 5}).to_csv(path, index=False)
    rungs = ["random-walk", "drift"]
    table = compared("forecast", path, tmp_path / "out", models=rungs, metric="mape")
    assert table["mean"].isna().all()
    assert table["difference"].isna().all()
    table = compared("forecast", path, tmp_path / "out", models=rungs, metric="smape")
    assert table["difference"].iloc[1] == pytest.approx(np.diff(table["mean"])[0])


def test_short_series_have_no_autoregression(tmp_path):
    path = long_table(tmp_path / "short.csv", [8])
    options = {"target": ("value",), "horizon": 2, "window": 4}
    table = compared("forecast", path, tmp_path / "out", models=["random-walk"], metric="mae", **options)
    assert np.isfinite(table["mean"]).all()
    with pytest.raises(DataError, match=r"autoregression: has no forecast .* leave this model out"):
        compared("forecast", path, tmp_path / "out", models=["autoregression"], metric="mae", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ["bilstm"]}, "'bilstm' is no model of forecast"),
        ({"models": ["seasonal_naive"]}, r"did you mean 'seasonal-naive'\?"),
        ({"metric": "mse"}, r"metric 'mse': is not one of mae"),
        ({"horizon": -1}, "horizon=-1"),
    ],
)
def test_invalid_options_are_refused_before_training(tmp_path, data, options, message):
    with pytest.raises(ConfigError, match=message):
        compared("forecast", data, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_unusable_data_are_refused(tmp_path, data):
    with pytest.raises(ConfigError, match="no series"):
        compared("forecast", None, tmp_path / "out")
    with pytest.raises(DataError, match="must lie within the series"):
        compared("forecast", data, tmp_path / "out", test_start="2031-01-01")
    compared("forecast", data, tmp_path / "out", models=["drift"])
    with pytest.raises(RunError, match="config of it differs"):
        compared("forecast", data, tmp_path / "out", models=["drift"], horizon=6)
