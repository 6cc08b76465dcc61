"""The forecaster: training, forecasts without leakage from the future, scores, and run folders."""

import copy
import io

import numpy as np
import pandas as pd
import pytest
import torch

import unrolled
from unrolled import Forecaster
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.forecast.job import ForecastJob

SHORT = {"hidden": 6, "window": 12, "horizon": 4, "batch": 16, "epochs": 2, "threads": 1, "lr": 0.02}
PLAIN = {"strategy": "recursive", "linear": "none", "transform": "none", "difference": 0, "calendar": ()}
TINY = SHORT | PLAIN
DISTRIBUTION = {"output": "gaussian", "samples": 20}
LINEAR = {"strategy": "direct", "linear": "autoregression"}
VARIANTS = {
    "recursive": {},
    "recursive distribution": DISTRIBUTION | {"difference": 1},
    "direct": {"strategy": "direct"},
    "direct distribution": {"strategy": "direct", "output": "student-t", "samples": 20, "difference": 3},
    "quantiles": {"strategy": "direct", "output": "quantile", "difference": 1},
    "stream": {"mode": "stream", "batch": 3},
    "lags": {"lags": (4, 12), "difference": 1},
    "direct lags": {"lags": (12,), "strategy": "direct"},
    "linear": LINEAR,
    "linear quantiles of changes": LINEAR | {"output": "quantile", "difference": 3},
    "linear distribution": LINEAR | {"output": "gaussian", "samples": 20, "difference": 1},
    "linear stream": LINEAR | {"mode": "stream", "batch": 2, "lags": (12,)},
    "recursive linear": LINEAR | {"strategy": "recursive", "difference": 2},
    "recursive naive distribution": DISTRIBUTION | {"linear": "naive", "season": 12},
    "direct stream": {"mode": "stream", "batch": 2, "strategy": "direct"},
    "members": {"members": 3},
    "members' distribution": DISTRIBUTION | {"members": 3},
    "members' direct distribution": DISTRIBUTION | {"members": 3, "strategy": "direct"},
    "members of a stream": {"members": 2, "mode": "stream", "batch": 3, "strategy": "direct"},
}


def waves(steps=120, seed=0, freq="MS", level=20.0):
    """A monthly series with a season of 12 steps, a trend and a little noise."""
    t = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 0.3, steps)
    values = level + 0.05 * t + 5 * np.sin(2 * np.pi * t / 12) + noise
    return pd.DataFrame({"y": values}, index=pd.date_range("2000-01-01", periods=steps, freq=freq))


@pytest.fixture(scope="module")
def trained():
    """``trained("direct")`` is a small model of that variant, with a test part from 2008 on."""
    models: dict[str, Forecaster] = {}

    def make(variant):
        if variant not in models:
            options = TINY | VARIANTS[variant] | {"test_start": "2008-01", "calendar": ("month",)}
            models[variant] = Forecaster(**options).fit(waves(), progress=False)
        return models[variant]

    return make


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_forecast_continues_the_series(trained, variant):
    f = trained(variant)
    forecast = f.predict()
    assert [str(t)[:7] for t in forecast.index] == ["2010-01", "2010-02", "2010-03", "2010-04"]
    assert np.isfinite(forecast.to_numpy()).all()
    assert forecast["prediction"].between(0, 60).all()
    quantiles = [c for c in forecast if c.startswith("q")]
    assert len(quantiles) == 5
    assert (np.diff(forecast[quantiles].to_numpy(), axis=1) >= 0).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_forecast_uses_only_data_up_to_its_origin(trained, variant):
    f, data = trained(variant), waves()
    changed = data.copy()
    changed.iloc[110:] += 30.0
    first_result, second_result = (f.backtest(d, start="2008-06").table for d in (data, changed))
    early = first_result["origin"] < data.index[110]
    assert early.any()
    assert (~early).any()
    before = first_result["origin"] < data.index[109]
    pd.testing.assert_frame_equal(
        first_result.loc[before].drop(columns="actual"), second_result.loc[before].drop(columns="actual")
    )
    later = first_result["origin"] >= data.index[110]
    assert not np.allclose(first_result.loc[later, "prediction"], second_result.loc[later, "prediction"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_does_not_use_the_test_part(trained, variant):
    changed = waves()
    changed.iloc[96:] *= 3.0
    again = Forecaster(trained(variant).config).fit(changed, progress=False)
    first_result, second_result = trained(variant).model.state_dict(), again.model.state_dict()
    assert all(torch.equal(first_result[n], second_result[n]) for n in first_result)
    assert trained(variant).scales == again.scales


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_backtest_predicts_from_each_origin(trained, variant):
    f, data = trained(variant), waves()
    backtest = f.backtest(data, start="2008-03", stride=5)
    assert backtest.table["origin"].nunique() == backtest.score.origins == 4
    for origin, rows in backtest.table.groupby("origin"):
        if f.model.output.sampled:
            continue  # paths are drawn for all origins together
        forecast = f.predict(data=data[data.index <= origin])
        assert list(forecast.index) == list(rows["time"])
        np.testing.assert_allclose(forecast["prediction"], rows["prediction"], rtol=1e-5)
        np.testing.assert_allclose(data.loc[rows["time"], "y"], rows["actual"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_model_survives_saving_and_loading(trained, variant, tmp_path):
    f = trained(variant)
    f.save(tmp_path / "run")
    again = unrolled.load(tmp_path / "run")
    assert (again.config, again.scales, again.data_info, again.result) == (
        f.config,
        f.scales,
        f.data_info,
        f.result,
    )
    pd.testing.assert_frame_equal(again.predict(data=waves()), f.predict())
    with pytest.raises(RunError, match="give data"):
        again.predict()


def test_scores_follow_from_the_backtest_table(trained):
    f = trained("recursive distribution")
    backtest = f.backtest()
    t = backtest.table
    scores = backtest.score.to_json()
    assert scores["mae"] == pytest.approx((t.actual - t.prediction).abs().mean())
    assert scores["baselines"]["random_walk"]["mae"] == pytest.approx((t.actual - t.random_walk).abs().mean())
    seasonal = (t.actual - t.seasonal_naive).abs().mean()
    assert scores["versus"]["seasonal_naive"]["difference"] == pytest.approx(scores["mae"] - seasonal)
    scale = waves().y[:96].diff(12).abs().mean()
    assert scores["mase"] == pytest.approx(scores["mae"] / scale)
    assert scores["last_step_mae"] == pytest.approx((t.actual - t.prediction)[t.step == 4].abs().mean())
    assert backtest.score.to_json() == f.result["test"]
    assert (backtest.score.first, backtest.score.last) == ("2008-01-01", "2009-12-01")
    assert "MASE" in str(backtest)


def test_training_data_are_scored_only_on_request(trained):
    f = trained("recursive")
    held_out = f.backtest(waves()[:96]).score
    assert (held_out.first, held_out.last) == (
        "2007-04-01",
        "2007-12-01",
    )  # validation data only select the weights
    assert held_out.figures == pytest.approx({k: f.result["valid"][k] for k in held_out.figures})
    assert f.score(waves()[:96]) == -held_out.figures["mase"]
    with pytest.raises(DataError, match=r"ends at 2007-06-01, and the model has learnt .* up to 2007-12-01"):
        f.backtest(waves()[:90])
    assert f.backtest(waves()[:96], start="2007-01").score.origins == 9


def test_notes_on_new_tables_are_reported(trained, tmp_path, capsys):
    f = trained("recursive")
    data = waves()[::-1]
    note = "y: 119 rows were out of order: sorted"
    assert f.evaluate(data).notes == (note,)
    assert f.predict(data=data).attrs["notes"] == [note]
    data.to_csv(tmp_path / "t.csv")
    f.predict_file(tmp_path / "t.csv", io.StringIO())
    assert note in capsys.readouterr().err


def test_a_seasonal_series_is_learnt():
    options = TINY | {
        "hidden": 16,
        "epochs": 25,
        "calendar": ("month",),
        "difference": 1,
        "test_start": "2008-01",
    }
    f = Forecaster(**options, valid_fraction=0.0).fit(waves(), progress=False)
    assert f.result["test"]["relative_mase"] < 0.9
    assert f.result["test"]["versus"]["random_walk"]["ratio"] < 0.3


def test_sampled_paths(trained):
    f = trained("recursive distribution")
    first_result = f.predict(9, samples=30, seed=4)
    assert first_result.shape == (9, 30)
    pd.testing.assert_frame_equal(first_result, f.predict(9, samples=30, seed=4))
    assert not first_result.equals(f.predict(9, samples=30, seed=5))
    summary = f.predict(9, seed=4)
    width = summary["q0.9"] - summary["q0.1"]
    assert width.iloc[-1] > 1.5 * width.iloc[0]  # the variance of a sum of steps grows
    with pytest.raises(ConfigError, match="have paths to sample"):
        trained("recursive").predict(samples=3)
    with pytest.raises(ConfigError, match="its own distribution"):
        trained("direct distribution").predict(samples=3)


def test_horizons_of_predictions(trained):
    assert len(trained("recursive").predict(30)) == 30
    assert len(trained("direct").predict(2)) == 2
    short, full = trained("direct").predict(2), trained("direct").predict()
    np.testing.assert_allclose(short, full[:2])
    with pytest.raises(ConfigError, match="has only the 4 steps"):
        trained("quantiles").predict(5)
    with pytest.raises(ConfigError, match="has only the 4 steps"):
        trained("direct").backtest(horizon=5)
    with pytest.raises(ConfigError, match="at least 1"):
        trained("direct").predict(0)


@pytest.mark.parametrize("variant", ["direct", "linear"])
def test_a_direct_forecaster_feeds_back_its_forecasts_beyond_the_horizon(trained, variant):
    f, data = trained(variant), waves()
    forecast = f.predict(9)["prediction"]
    np.testing.assert_allclose(forecast[:4], f.predict()["prediction"])
    longer = pd.concat([data, forecast[:8].to_frame("y")])
    np.testing.assert_allclose(forecast[8:], f.predict(1, data=longer)["prediction"])
    assert list(forecast.index) == list(pd.date_range("2010-01-01", periods=9, freq="MS"))


def test_sampling_leaves_the_rng_state_unchanged(trained):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    trained("recursive distribution").predict()
    assert torch.equal(torch.rand(2), expected)


# -- several series and covariates -------------------------------------------------------------------


def test_several_series_share_a_model_and_keep_their_scales():
    data = pd.concat([waves(level=20).assign(name="low"), waves(level=2000, seed=1).assign(name="high")])
    f = Forecaster(**TINY, series="name", target=("y",)).fit(data, progress=False)
    forecast = f.predict()
    assert forecast.groupby("series")["prediction"].mean().between([1000, 10], [3000, 40]).all()
    assert f.backtest(start="2009-01").table.groupby("series").size().tolist() == [36, 36]
    with pytest.raises(DataError, match="series 'new': was not in training"):
        f.predict(data=waves().assign(name="new"))


def make_driven_series(seed=0):
    """A series that follows a known covariate of the same step and a past covariate of the step before."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2020-01-01", periods=300, freq="D", name="day")
    known, past = rng.normal(size=(2, 300))
    y = 3 * known + 2 * np.concatenate([[0], past[:-1]]) + 0.1 * rng.normal(size=300)
    return pd.DataFrame({"y": y, "price": known, "rain": past}, index=index)


LONGER = TINY | {"epochs": 25, "batch": 8, "valid_fraction": 0.0, "test_start": "2020-09-01", "window": 6}


@pytest.mark.slow
def test_known_covariates_are_used_at_every_step():
    for options in ({}, {"strategy": "direct"}, LINEAR):
        f = Forecaster(**LONGER | options, target=("y",), known=("price",))
        table = f.fit(make_driven_series().drop(columns="rain"), progress=False).backtest().table
        last = table[table.step == 4]
        assert np.corrcoef(last.actual, last.prediction)[0, 1] > 0.6, options


def test_past_covariates_are_used_for_the_first_step():
    f = Forecaster(**LONGER | {"strategy": "direct"}, target=("y",), known=("price",), past=("rain",))
    table = f.fit(make_driven_series(), progress=False).backtest().table
    error = (table.actual - table.prediction).abs().groupby(table.step).mean()
    assert error[1] < 0.6 * error[2:].mean()
    with pytest.raises(ConfigError, match="strategy='direct'"):
        Forecaster(past=("rain",), strategy="recursive")


def test_forecasting_needs_future_known_covariates():
    data = make_driven_series().drop(columns="rain")
    f = Forecaster(**TINY, target=("y",), known=("price",)).fit(data, progress=False)
    with pytest.raises(DataError, match=r"needs the known covariates up to step 304.*add rows"):
        f.predict()
    future = pd.DataFrame(
        {"y": np.nan, "price": [9.0, 0, 0, 0]}, index=pd.date_range("2020-10-27", periods=4, name="day")
    )
    forecast = f.predict(data=pd.concat([data, future]))
    assert list(forecast.index) == list(future.index)


# -- refused options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"test_start": "2030-01"},
            "must lie within the series 'y', which runs from 2000-01-01 to 2009-12-01",
        ),
        ({"test_start": "2009-11"}, "2 steps from test_start on are fewer than the horizon of 4"),
        ({"horizon": 120}, "too few to hold out one horizon of 120"),
        ({"window": 200}, "too few for window=200"),
        ({"transform": "log", "level": -50}, "have no log"),
        ({"mode": "stream", "batch": 500}, "500 parallel pieces"),
    ],
)
def test_series_that_do_not_fit_the_options_are_refused(options, message):
    data = waves(level=options.pop("level", 20.0))
    with pytest.raises(DataError, match=message):
        Forecaster(**TINY | options).fit(data, progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "quantile", "strategy": "recursive"}, "needs strategy='direct'"),
        ({"linear": "naive", "difference": 1}, "needs difference=0"),
        ({"calendar": ("auto", "month")}, "auto cannot be combined"),
        ({"output": "gaussian", "loss": "absolute"}, "an option of output='point'"),
        ({"quantiles": (0.9, 0.1)}, "must increase"),
        ({"quantiles": (0.0, 0.5)}, "between 0 and 1"),
        ({"frequency": "rows", "calendar": ("month",)}, "needs a frequency"),
        ({"test_start": "soon"}, "is not a time stamp"),
        ({"stride": 2, "mode": "stream"}, "mode='windows'"),
        ({"label_smoothing": 0.1}, "a forecaster has none"),
        ({"horizn": 3}, r"did you mean 'horizon'"),
    ],
)
def test_contradicting_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Forecaster(**options).fit(waves(), progress=False)


def test_missing_data_are_refused():
    with pytest.raises(ConfigError, match="no series: give data"):
        Forecaster().fit()
    with pytest.raises(RunError, match="call fit first"):
        Forecaster().predict()


# -- run folders -----------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "series.csv"
    waves().to_csv(path, index_label="month")
    return path


@pytest.mark.draws
def test_a_run_folder_holds_everything(file, tmp_path):
    f = Forecaster(**TINY, output="gaussian", samples=20, test_start="2009-01")
    f.fit(file, out=tmp_path / "run", progress=False)
    names = {str(p.relative_to(tmp_path / "run")) for p in (tmp_path / "run").rglob("*") if p.is_file()}
    assert {"scales.json", "model.safetensors", "plots/forecast.png", "plots/curves.png"} <= names
    again = unrolled.load(tmp_path / "run")
    out, expected = io.StringIO(), f.predict()
    again.predict_file(file, out)
    written = pd.read_csv(io.StringIO(out.getvalue()), index_col=0, parse_dates=True)
    np.testing.assert_allclose(written.to_numpy(), expected.to_numpy())
    pd.testing.assert_frame_equal(again.predict(), expected)


@pytest.mark.parametrize("variant", ["recursive", "direct stream", "members of a stream"])
def test_an_interrupted_run_resumes_to_the_same_bits(file, tmp_path, variant):
    options = TINY | VARIANTS[variant] | {"epochs": 4, "checkpoint_steps": 3}

    class StopAtStep11(unrolled.training.Callback):
        def on_step_end(self, progress, loss, lr):
            if progress.step == 11:
                raise KeyboardInterrupt

    Forecaster(**options).fit(file, out=tmp_path / "whole", progress=False)
    with pytest.raises(KeyboardInterrupt):
        Forecaster(**options).fit(file, out=tmp_path / "cut", progress=StopAtStep11())
    Forecaster.resume(tmp_path / "cut", progress=False)
    trained_models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "cut")]
    assert trained_models[0] == trained_models[1]


def test_a_run_is_not_resumed_on_other_data(file, tmp_path):
    Forecaster(**TINY).fit(file, out=tmp_path / "run", progress=False)
    waves(seed=9).to_csv(file, index_label="month")
    with pytest.raises(DataError, match="has changed since"):
        Forecaster.resume(tmp_path / "run", progress=False)


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_lags_are_earlier_values(strategy):
    options = TINY | {"lags": (4, 12), "difference": 1, "strategy": strategy, "epochs": 1}
    forecaster = Forecaster(**options).fit(waves(), progress=False)
    series = forecaster._parts.splits[0].series
    z = series.scaling.apply(waves()["y"].to_numpy())
    for position, lag in enumerate((4, 12)):
        column = series.known[:, position]
        assert np.isnan(column[: lag + 1]).all()
        np.testing.assert_array_equal(column[lag + 1 : len(z)], z[1 : len(z) - lag])
    assert np.isfinite(series.inputs[series.first :]).all()


def test_lags_shorter_than_the_horizon_are_refused():
    with pytest.raises(ConfigError, match="each must be at least the horizon of 4"):
        Forecaster(**TINY, lags=(3,))
    with pytest.raises(ConfigError, match="must increase"):
        Forecaster(**TINY, lags=(12, 5))
    forecaster = Forecaster(**TINY | {"epochs": 1}, lags=(6,)).fit(waves(), progress=False)
    assert len(forecaster.predict(6)) == 6
    with pytest.raises(ConfigError, match="must not exceed the smallest of lags"):
        forecaster.predict(7)


# -- members ---------------------------------------------------------------------------------------------


def get_member(forecaster, member):
    """Return a forecaster with only one member of the given one."""
    single = Forecaster(forecaster.config, members=1)
    single._artifacts, single._parts = forecaster.artifacts, forecaster._parts
    single._model = forecaster.model.members[member]
    return single


@pytest.mark.parametrize("variant", ["members", "members of a stream"])
def test_the_forecast_of_an_ensemble_is_the_mean_of_its_members(trained, variant):
    f = trained(variant)
    outputs = [get_member(f, i).predict()["prediction"] for i in range(len(f.model.members))]
    assert not np.allclose(outputs[0], outputs[1])
    np.testing.assert_allclose(f.predict()["prediction"], np.mean(outputs, axis=0), rtol=1e-5)


def test_each_member_draws_an_equal_number_of_paths(trained):
    f = copy.deepcopy(trained("members' distribution"))
    for member, bias in enumerate((-100.0, 0.0, 100.0)):
        with torch.no_grad():
            f.model.members[member].head.bias[0] += bias
    first = f.predict(samples=7).iloc[0].to_numpy()
    far = np.abs(first) > 50
    assert [int((far & (first < 0)).sum()), int((~far).sum()), int((far & (first > 0)).sum())] == [3, 2, 2]
    assert f.predict(samples=2).shape == (4, 2)  # fewer than members


@pytest.mark.parametrize("mode", ["windows", "stream"])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_members_have_the_gradients_of_separate_models(mode, strategy):
    options = TINY | {"members": 3, "mode": mode, "strategy": strategy, "batch": 2, "epochs": 1}
    f = Forecaster(**options).fit(waves(), progress=False)
    splits, members = f._parts.splits, list(f.model.members)
    joint_job = ForecastJob(f.model, splits, f.config)
    single_jobs = [ForecastJob(m, splits, f.config) for m in members]
    states = [None, [None] * 3]
    for batch in list(joint_job.batches(0))[:3]:
        assert (mode == "stream") == torch.equal(batch[0].targets, batch[1].targets)
        f.model.zero_grad()
        forecast = joint_job.loss(batch, states[0])
        forecast.loss.backward()
        gradients = [p.grad.clone() for p in f.model.parameters()]
        f.model.zero_grad()
        outputs = [job.loss((b,), s) for job, b, s in zip(single_jobs, batch, states[1], strict=True)]
        (sum(e.loss for e in outputs) / 3).backward()
        for gradient, p in zip(gradients, f.model.parameters(), strict=True):
            torch.testing.assert_close(gradient, p.grad)
        torch.testing.assert_close(forecast.loss, sum(e.loss for e in outputs) / 3)
        states = [forecast.state, [e.state for e in outputs]]
        if mode == "stream":
            torch.testing.assert_close(forecast.state, tuple(s for e in outputs for s in e.state))
