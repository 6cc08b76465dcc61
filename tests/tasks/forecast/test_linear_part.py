"""Linear part of a forecaster, and the rest that the network learns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled import Forecaster
from unrolled.errors import DataError
from unrolled.tasks.forecast.linear_part import LinearPart, naive_part, spread_of
from unrolled.training import Callback

OPTIONS = {"hidden": 4, "horizon": 4, "window": 12, "calendar": (), "threads": 1, "season": 12}


def sales(steps=120, seed=0):
    t = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 0.1, steps)
    values = np.exp(3 + 0.01 * t + 0.5 * np.sin(2 * np.pi * t / 12) + noise)
    return pd.DataFrame({"y": values}, index=pd.date_range("2000-01-01", periods=steps, freq="MS"))


@given(
    coefficients=st.lists(st.floats(-0.9, 0.9), min_size=1, max_size=4),
    noise=st.lists(st.floats(-3, 3), min_size=1, max_size=6),
    spread=st.floats(0.1, 3),
)
@settings(max_examples=50, deadline=None)
def test_a_path_follows_the_recursion(coefficients, noise, spread):
    z = list(np.linspace(-1, 2, 5))
    expected = z.copy()
    for shock in noise:
        past = sum(c * expected[-1 - i] for i, c in enumerate(coefficients))
        expected.append(0.3 + past + spread * shock)
    part = LinearPart(0.3, coefficients, spread)
    np.testing.assert_allclose(part.path(np.array(z), np.array(noise)), expected[5:], rtol=1e-9, atol=1e-9)
    paths = part.path(np.array(z), np.stack([noise, np.zeros(len(noise))]))
    np.testing.assert_allclose(paths[0], expected[5:], rtol=1e-9, atol=1e-9)


def test_the_naive_part_repeats_a_season():
    before = np.arange(7.0)
    np.testing.assert_array_equal(naive_part(3).path(before, np.zeros(5)), [4, 5, 6, 4, 5])
    np.testing.assert_array_equal(naive_part(1).path(before, np.zeros(2)), [6, 6])


def test_the_spread_of_zeros_or_no_values_is_one():
    assert spread_of(np.array([])) == 1.0
    assert spread_of(np.full(3, 1e-13)) == 1.0
    assert spread_of(np.array([3.0, -4.0, np.nan])) == pytest.approx(np.sqrt(12.5))


@pytest.mark.parametrize("coefficients", [[], [1.0]])
def test_a_damaged_part_is_refused(coefficients):
    with pytest.raises(ValueError, match="linear part"):
        LinearPart(0.0, coefficients, 0.0)


class StopBeforeTraining(Callback):
    """Stops before the first optimizer step."""

    def on_pre_optimizer_step(self, progress, update):
        raise KeyboardInterrupt


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize(
    ("linear", "difference"),
    [("autoregression", 0), ("autoregression", 1), ("autoregression", 12), ("naive", 0)],
)
def test_an_untrained_network_forecasts_as_its_linear_part(strategy, difference, linear):
    options = OPTIONS | {"strategy": strategy, "difference": difference, "transform": "log", "linear": linear}
    f = Forecaster(**options)
    with pytest.raises(KeyboardInterrupt):
        f.fit(sales(), progress=StopBeforeTraining())
    table = f.backtest(start="2009-01").table
    baseline = "autoregression" if linear == "autoregression" else "seasonal_naive"
    np.testing.assert_allclose(table["prediction"], table[baseline], rtol=1e-6)


def test_weights_that_do_not_improve_are_not_kept():
    f = Forecaster(**OPTIONS, max_steps=3, lr=3.0, clip_norm=0.0).fit(sales(), progress=False)
    assert f.result["best_step"] == 0
    assert f.history[0]["kind"] == "valid"
    assert f.history[0]["score"] == 1.0
    assert f.result["valid"]["versus"]["autoregression"]["ratio"] == pytest.approx(1.0)


def test_the_network_learns_the_nonlinear_rest():
    # x_t depends on |x_(t-1)|, which no linear model can use
    rng = np.random.default_rng(0)
    x = np.zeros(1500)
    for t in range(1, 1500):
        x[t] = 2.0 - 1.6 * abs(x[t - 1]) + 0.05 * rng.normal()
    data = pd.Series(x, index=pd.date_range("2000-01-01", periods=1500, freq="D"))
    options = {
        "horizon": 1,
        "window": 12,
        "hidden": 16,
        "calendar": (),
        "threads": 1,
        "epochs": 6,
        "lr": 0.01,
    }
    f = Forecaster(**options).fit(data, progress=False)
    assert f.config.forecast.linear == "autoregression"
    assert f.result["valid"]["versus"]["autoregression"]["ratio"] < 0.3


def test_new_data_that_are_too_short_are_refused():
    f = Forecaster(**OPTIONS, max_steps=2).fit(sales(), progress=False)
    order = len(f.artifacts.series["y"].linear.coefficients)
    assert len(f.predict(data=sales(order))) == 4
    with pytest.raises(DataError, match=f"{order - 1} steps are too few .* reads the last {order}"):
        f.predict(data=sales(order - 1))


def test_a_short_series_uses_the_naive_part_among_others():
    long, short = sales(60).assign(name="long"), sales(6).assign(name="short")
    options = OPTIONS | {"horizon": 2, "window": 1, "season": 1}
    f = Forecaster(**options, series="name", target="y", max_steps=2)
    f.fit(pd.concat([long, short]), progress=False)
    assert f.artifacts.series["short"].autoregression is None
    assert f.artifacts.series["short"].linear.coefficients == [1.0]
    versus = f.result["valid"]["versus"]["autoregression"]
    assert versus["origins"] == f.result["valid"]["origins"] - 1
    assert versus["ratio"] is not None
    assert f.predict().groupby("series").size().tolist() == [2, 2]


def test_each_series_gets_its_best_linear_part():
    index = pd.date_range("2000-01-01", periods=3000, freq="D")
    noise_values = 10 + np.random.default_rng(0).normal(size=3000)
    walk = np.random.default_rng(2).normal(size=3000).cumsum()
    options = {"horizon": 5, "hidden": 4, "max_steps": 2, "threads": 1, "season": 1}
    f = Forecaster(**options).fit(
        pd.DataFrame({"walk": walk, "noise": noise_values}, index=index), progress=False
    )
    assert f.config.forecast.linear == "best"
    assert f.artifacts.series["walk"].linear.coefficients == [1.0]
    assert f.artifacts.series["noise"].linear.coefficients == (
        f.artifacts.series["noise"].autoregression.coefficients
    )
    assert any("or the last value for 1 of 2 series" in note for note in f.notes)
