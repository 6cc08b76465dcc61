"""The forecaster as a tool: what it learns, what it may not see, and what it says."""

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
KINDS = {
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
    """A season of 12 steps, a trend and a little noise."""
    t = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 0.3, steps)
    values = level + 0.05 * t + 5 * np.sin(2 * np.pi * t / 12) + noise
    return pd.DataFrame({"y": values}, index=pd.date_range("2000-01-01", periods=steps, freq=freq))


@pytest.fixture(scope="module")
def trained():
    """``trained("direct")`` is a small model of that kind, with a test part from 2008 on."""
    made: dict[str, Forecaster] = {}

    def make(kind):
        if kind not in made:
            options = TINY | KINDS[kind] | {"test_start": "2008-01", "calendar": ("month",)}
            made[kind] = Forecaster(**options).fit(waves(), progress=False)
        return made[kind]

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_a_forecast_follows_the_series(trained, kind):
    f = trained(kind)
    found = f.predict()
    assert [str(t)[:7] for t in found.index] == ["2010-01", "2010-02", "2010-03", "2010-04"]
    assert np.isfinite(found.to_numpy()).all()
    assert found["prediction"].between(0, 60).all()
    quantiles = [c for c in found if c.startswith("q")]
    assert len(quantiles) == 5
    assert (np.diff(found[quantiles].to_numpy(), axis=1) >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_forecast_sees_what_comes_after_its_origin(trained, kind):
    f, data = trained(kind), waves()
    changed = data.copy()
    changed.iloc[110:] += 30.0
    one, two = (f.backtest(d, start="2008-06").table for d in (data, changed))
    early = one["origin"] < data.index[110]
    assert early.any()
    assert (~early).any()
    before = one["origin"] < data.index[109]
    pd.testing.assert_frame_equal(
        one.loc[before].drop(columns="actual"), two.loc[before].drop(columns="actual")
    )
    later = one["origin"] >= data.index[110]
    assert not np.allclose(one.loc[later, "prediction"], two.loc[later, "prediction"])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_learnt_from_the_test_part(trained, kind):
    changed = waves()
    changed.iloc[96:] *= 3.0
    again = Forecaster(trained(kind).config).fit(changed, progress=False)
    one, two = trained(kind).model.state_dict(), again.model.state_dict()
    assert all(torch.equal(one[n], two[n]) for n in one)
    assert trained(kind).scales == again.scales


@pytest.mark.parametrize("kind", KINDS)
def test_a_backtest_is_a_prediction_from_each_origin(trained, kind):
    f, data = trained(kind), waves()
    rolled = f.backtest(data, start="2008-03", stride=5)
    assert rolled.table["origin"].nunique() == rolled.score.origins == 4
    for origin, rows in rolled.table.groupby("origin"):
        if f.model.output.sampled:
            continue  # paths are drawn for all origins together
        said = f.predict(data=data[data.index <= origin])
        assert list(said.index) == list(rows["time"])
        np.testing.assert_allclose(said["prediction"], rows["prediction"], rtol=1e-5)
        np.testing.assert_allclose(data.loc[rows["time"], "y"], rows["actual"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_comes_back(trained, kind, tmp_path):
    f = trained(kind)
    f.save(tmp_path / "run")
    again = unrolled.load(tmp_path / "run")
    assert (again.config, again.scales, again.facts, again.result) == (f.config, f.scales, f.facts, f.result)
    pd.testing.assert_frame_equal(again.predict(data=waves()), f.predict())
    with pytest.raises(RunError, match="give data"):
        again.predict()


def test_scores_are_those_of_the_table(trained):
    f = trained("recursive distribution")
    rolled = f.backtest()
    t = rolled.table
    figures = rolled.score.to_json()
    assert figures["mae"] == pytest.approx((t.actual - t.prediction).abs().mean())
    assert figures["baselines"]["random_walk"]["mae"] == pytest.approx(
        (t.actual - t.random_walk).abs().mean()
    )
    seasonal = (t.actual - t.seasonal_naive).abs().mean()
    assert figures["versus"]["seasonal_naive"]["difference"] == pytest.approx(figures["mae"] - seasonal)
    scale = waves().y[:96].diff(12).abs().mean()
    assert figures["mase"] == pytest.approx(figures["mae"] / scale)
    assert figures["last_step_mae"] == pytest.approx((t.actual - t.prediction)[t.step == 4].abs().mean())
    assert rolled.score.to_json() == f.result["test"]
    assert (rolled.score.first, rolled.score.last) == ("2008-01-01", "2009-12-01")
    assert "MASE" in str(rolled)


def test_what_was_learnt_from_is_not_scored_unasked(trained):
    f = trained("recursive")
    held_out = f.backtest(waves()[:96]).score
    assert (held_out.first, held_out.last) == ("2007-04-01", "2007-12-01")  # it only chose the weights
    assert held_out.figures == pytest.approx({k: f.result["valid"][k] for k in held_out.figures})
    assert f.score(waves()[:96]) == -held_out.figures["mase"]
    with pytest.raises(DataError, match=r"ends at 2007-06-01, and the model has learnt .* up to 2007-12-01"):
        f.backtest(waves()[:90])
    assert f.backtest(waves()[:96], start="2007-01").score.origins == 9


def test_the_rows_of_new_tables_are_reported_too(trained, tmp_path, capsys):
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


def test_paths(trained):
    f = trained("recursive distribution")
    one = f.predict(9, samples=30, seed=4)
    assert one.shape == (9, 30)
    pd.testing.assert_frame_equal(one, f.predict(9, samples=30, seed=4))
    assert not one.equals(f.predict(9, samples=30, seed=5))
    summary = f.predict(9, seed=4)
    width = summary["q0.9"] - summary["q0.1"]
    assert width.iloc[-1] > 1.5 * width.iloc[0]  # a sum of steps spreads
    with pytest.raises(ConfigError, match="have paths to sample"):
        trained("recursive").predict(samples=3)
    with pytest.raises(ConfigError, match="its own distribution"):
        trained("direct distribution").predict(samples=3)


def test_horizons(trained):
    assert len(trained("recursive").predict(30)) == 30
    assert len(trained("direct").predict(2)) == 2
    short, whole = trained("direct").predict(2), trained("direct").predict()
    np.testing.assert_allclose(short, whole[:2])
    with pytest.raises(ConfigError, match="has only the 4 steps"):
        trained("quantiles").predict(5)
    with pytest.raises(ConfigError, match="has only the 4 steps"):
        trained("direct").backtest(horizon=5)
    with pytest.raises(ConfigError, match="at least 1"):
        trained("direct").predict(0)


@pytest.mark.parametrize("kind", ["direct", "linear"])
def test_a_direct_forecaster_goes_on_from_its_own_forecasts(trained, kind):
    f, data = trained(kind), waves()
    found = f.predict(9)["prediction"]
    np.testing.assert_allclose(found[:4], f.predict()["prediction"])
    longer = pd.concat([data, found[:8].to_frame("y")])
    np.testing.assert_allclose(found[8:], f.predict(1, data=longer)["prediction"])
    assert list(found.index) == list(pd.date_range("2010-01-01", periods=9, freq="MS"))


def test_drawing_leaves_random_numbers_alone(trained):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    trained("recursive distribution").predict()
    assert torch.equal(torch.rand(2), expected)


# -- several series and covariates -------------------------------------------------------------------


def test_several_series_share_a_model_and_keep_their_scales():
    data = pd.concat([waves(level=20).assign(name="low"), waves(level=2000, seed=1).assign(name="high")])
    f = Forecaster(**TINY, series="name", target=("y",)).fit(data, progress=False)
    found = f.predict()
    assert found.groupby("series")["prediction"].mean().between([1000, 10], [3000, 40]).all()
    assert f.backtest(start="2009-01").table.groupby("series").size().tolist() == [36, 36]
    with pytest.raises(DataError, match="series 'new': was not in training"):
        f.predict(data=waves().assign(name="new"))


def driven(seed=0):
    """y follows a known covariate at once and a past covariate a step later."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2020-01-01", periods=300, freq="D", name="day")
    known, past = rng.normal(size=(2, 300))
    y = 3 * known + 2 * np.concatenate([[0], past[:-1]]) + 0.1 * rng.normal(size=300)
    return pd.DataFrame({"y": y, "price": known, "rain": past}, index=index)


LONGER = TINY | {"epochs": 25, "batch": 8, "valid_fraction": 0.0, "test_start": "2020-09-01", "window": 6}


def test_known_covariates_are_used_at_every_step():
    for options in ({}, {"strategy": "direct"}, LINEAR):
        f = Forecaster(**LONGER | options, target=("y",), known=("price",))
        table = f.fit(driven().drop(columns="rain"), progress=False).backtest().table
        last = table[table.step == 4]
        assert np.corrcoef(last.actual, last.prediction)[0, 1] > 0.6, options


def test_past_covariates_are_used_for_the_first_step():
    f = Forecaster(**LONGER | {"strategy": "direct"}, target=("y",), known=("price",), past=("rain",))
    table = f.fit(driven(), progress=False).backtest().table
    error = (table.actual - table.prediction).abs().groupby(table.step).mean()
    assert error[1] < 0.6 * error[2:].mean()
    with pytest.raises(ConfigError, match="strategy='direct'"):
        Forecaster(past=("rain",), strategy="recursive")


def test_forecasting_needs_the_covariates_of_the_steps_to_come():
    data = driven().drop(columns="rain")
    f = Forecaster(**TINY, target=("y",), known=("price",)).fit(data, progress=False)
    with pytest.raises(DataError, match=r"needs the known covariates up to step 304.*add rows"):
        f.predict()
    future = pd.DataFrame(
        {"y": np.nan, "price": [9.0, 0, 0, 0]}, index=pd.date_range("2020-10-27", periods=4, name="day")
    )
    found = f.predict(data=pd.concat([data, future]))
    assert list(found.index) == list(future.index)


# -- what is refused ------------------------------------------------------------------------------------


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
def test_series_that_do_not_fit_the_options(options, message):
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
def test_options_that_contradict(options, message):
    with pytest.raises(ConfigError, match=message):
        Forecaster(**options).fit(waves(), progress=False)


def test_no_data():
    with pytest.raises(ConfigError, match="no series: give data"):
        Forecaster().fit()
    with pytest.raises(RunError, match="call fit first"):
        Forecaster().predict()


# -- in a folder -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", ["recursive", "direct stream", "members of a stream"])
def test_stopped_and_resumed_it_ends_with_the_same_bits(file, tmp_path, kind):
    options = TINY | KINDS[kind] | {"epochs": 4, "checkpoint_steps": 3}

    class Stop(unrolled.training.Watcher):
        def stepped(self, progress, loss, lr):
            if progress.step == 11:
                raise KeyboardInterrupt

    Forecaster(**options).fit(file, out=tmp_path / "whole", progress=False)
    with pytest.raises(KeyboardInterrupt):
        Forecaster(**options).fit(file, out=tmp_path / "cut", progress=Stop())
    Forecaster.resume(tmp_path / "cut", progress=False)
    ended = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "cut")]
    assert ended[0] == ended[1]


def test_a_run_is_not_resumed_on_other_data(file, tmp_path):
    Forecaster(**TINY).fit(file, out=tmp_path / "run", progress=False)
    waves(seed=9).to_csv(file, index_label="month")
    with pytest.raises(DataError, match="has changed since"):
        Forecaster.resume(tmp_path / "run", progress=False)


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_lags_are_the_values_of_those_steps(strategy):
    options = TINY | {"lags": (4, 12), "difference": 1, "strategy": strategy, "epochs": 1}
    forecaster = Forecaster(**options).fit(waves(), progress=False)
    series = forecaster._parts.splits[0].series
    z = series.scaling.apply(waves()["y"].to_numpy())
    for place, lag in enumerate((4, 12)):
        column = series.known[:, place]
        assert np.isnan(column[: lag + 1]).all()
        np.testing.assert_array_equal(column[lag + 1 : len(z)], z[1 : len(z) - lag])
    assert np.isfinite(series.inputs[series.first :]).all()


def test_lags_that_would_have_to_be_forecast_are_refused():
    with pytest.raises(ConfigError, match="each must be at least the horizon of 4"):
        Forecaster(**TINY, lags=(3,))
    with pytest.raises(ConfigError, match="must increase"):
        Forecaster(**TINY, lags=(12, 5))
    forecaster = Forecaster(**TINY | {"epochs": 1}, lags=(6,)).fit(waves(), progress=False)
    assert len(forecaster.predict(6)) == 6
    with pytest.raises(ConfigError, match="must not exceed the smallest of lags"):
        forecaster.predict(7)


# -- members ---------------------------------------------------------------------------------------------


def alone(forecaster, member):
    """Return the forecaster with one of its members in the place of all."""
    single = Forecaster(forecaster.config, members=1)
    single._artifacts, single._parts = forecaster.artifacts, forecaster._parts
    single._model = forecaster.model.members[member]
    return single


@pytest.mark.parametrize("kind", ["members", "members of a stream"])
def test_the_forecast_of_members_is_their_mean(trained, kind):
    f = trained(kind)
    each = [alone(f, i).predict()["prediction"] for i in range(len(f.model.members))]
    assert not np.allclose(each[0], each[1])
    np.testing.assert_allclose(f.predict()["prediction"], np.mean(each, axis=0), rtol=1e-5)


def test_each_member_draws_its_share_of_the_paths(trained):
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
def test_members_learn_as_each_would_alone(mode, strategy):
    options = TINY | {"members": 3, "mode": mode, "strategy": strategy, "batch": 2, "epochs": 1}
    f = Forecaster(**options).fit(waves(), progress=False)
    splits, members = f._parts.splits, list(f.model.members)
    together = ForecastJob(f.model, splits, f.config)
    apart = [ForecastJob(m, splits, f.config) for m in members]
    states = [None, [None] * 3]
    for batch in list(together.batches(0))[:3]:
        assert (mode == "stream") == torch.equal(batch[0].targets, batch[1].targets)
        f.model.zero_grad()
        found = together.loss(batch, states[0])
        found.loss.backward()
        gradients = [p.grad.clone() for p in f.model.parameters()]
        f.model.zero_grad()
        each = [job.loss((b,), s) for job, b, s in zip(apart, batch, states[1], strict=True)]
        (sum(e.loss for e in each) / 3).backward()
        for ours, p in zip(gradients, f.model.parameters(), strict=True):
            torch.testing.assert_close(ours, p.grad)
        torch.testing.assert_close(found.loss, sum(e.loss for e in each) / 3)
        states = [found.state, [e.state for e in each]]
        if mode == "stream":
            torch.testing.assert_close(found.state, tuple(s for e in each for s in e.state))
