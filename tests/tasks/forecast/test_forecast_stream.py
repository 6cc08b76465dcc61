"""A stream of observations forecasts what ``predict`` forecasts for the extended series."""

import numpy as np
import pandas as pd
import pytest

from forecast_models import COVARIATES, TINY, VARIANTS, waves, with_covariates
from unrolled import Forecaster
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, ShapeError
from unrolled.tasks.forecast import stream as stream_module

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

LATER = waves(150, seed=4)


@pytest.fixture(scope="module")
def trained():
    """``trained("direct")`` is the runtime of a small model of that variant."""
    made = {}

    def make(variant):
        if variant not in made:
            made[variant] = Forecaster(**TINY | VARIANTS[variant]).fit(waves(), progress=False).runtime()
        return made[variant]

    return make


def assert_same(ours, expected):
    pd.testing.assert_frame_equal(ours, expected, check_freq=False, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 256])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_forecast_is_that_of_the_extended_series(trained, variant, chunk, monkeypatch):
    monkeypatch.setattr(stream_module, "CHUNK", chunk)
    runtime = trained(variant)
    stream = runtime.stream(data=LATER[:60])
    for end in (60, 61, 62, 90, 150):
        stream.observe(LATER["y"].to_numpy()[stream.steps : end])
        assert stream.steps == end
        assert_same(stream.predict(seed=end), runtime.predict(data=LATER[:end], seed=end))


def test_observations_one_by_one_and_forecasts_beyond_the_horizon(trained):
    runtime = trained("direct stream")
    stream = runtime.stream(data=LATER[:100])
    for value in LATER["y"].to_numpy()[100:120]:
        stream.observe(value)
        stream.forecast(9)  # changes nothing that is kept
    assert_same(stream.predict(11), runtime.predict(11, data=LATER[:120]))
    assert_same(stream.predict(2), runtime.predict(2, data=LATER[:120]))


def test_forecasts_are_arrays_in_data_units(trained):
    stream = trained("recursive distribution").stream(data=LATER)
    forecast = stream.forecast(3, samples=7, seed=1)
    assert forecast.samples.shape == (3, 7)
    assert forecast.quantiles.shape == (3, 5)
    np.testing.assert_allclose(forecast.mean, forecast.samples.mean(1))
    table = stream.predict(3, samples=7, seed=1)
    np.testing.assert_array_equal(table.to_numpy(), forecast.samples)
    assert trained("direct").stream(data=LATER).forecast().samples is None


@pytest.mark.parametrize("variant", ["recursive", "linear stream", "members of a stream"])
def test_states_are_restored_and_reset(trained, variant):
    runtime = trained(variant)
    stream = runtime.stream(data=LATER[:80])
    first = stream.predict()
    stream.observe(LATER["y"].to_numpy()[80:100])
    state, later, copy = stream.state(), stream.predict(), stream.copy()
    stream.observe([10.0, 40.0])
    assert not stream.predict().equals(later)
    assert_same(copy.predict(), later)
    stream.restore(state)
    assert_same(stream.predict(), later)
    other = runtime.stream(data=LATER[:80])
    other.restore(state)
    assert_same(other.predict(), later)
    stream.reset()
    assert stream.steps == 80
    assert_same(stream.predict(), first)


@pytest.mark.parametrize("variant", ["lags", "linear stream"])
def test_memory_does_not_grow(trained, variant, monkeypatch):
    monkeypatch.setattr(stream_module, "CHUNK", 8)
    stream = trained(variant).stream(data=LATER)
    sizes = []
    for _ in range(30):
        stream.observe(LATER["y"].to_numpy()[:9])
        sizes.append(sum(part.nbytes for part in stream.state().values()))
    assert max(sizes[10:]) == max(sizes[20:])
    assert stream.steps == 150 + 270


@pytest.mark.parametrize("options", COVARIATES)
def test_covariates_are_given_with_the_observations_or_before(options):
    data = with_covariates(140)
    runtime = Forecaster(**TINY | COVARIATES[options]).fit(data[:120], progress=False).runtime()
    has_past = bool(runtime.config.columns.past)

    def extended(end):
        part = data[: end + 4].copy()
        part.loc[part.index[end:], ["y", "rain"]] = np.nan
        return part

    def observe(stream, begin, end, *, known):
        y, price, rain = (data[name].to_numpy()[begin:end] for name in ("y", "price", "rain"))
        stream.observe(y, known=price if known else None, past=rain if has_past else None)

    ahead = runtime.stream(data=extended(122))  # knows the price of four more steps
    observe(ahead, 122, 124, known=False)
    observe(ahead, 124, 130, known=True)
    after = runtime.stream(data=data[:122])
    observe(after, 122, 130, known=True)
    price = data["price"].to_numpy()
    expected = runtime.predict(data=extended(130))
    for stream in (ahead, after):
        assert_same(stream.predict(known=price[130:134]), expected)
        with pytest.raises(DataError, match="needs the known covariates"):
            stream.predict()
        with pytest.raises(DataError, match="known covariates of the observed steps are missing"):
            observe(stream, 130, 131, known=False)
        with pytest.raises(ShapeError, match=r"known has shape \(3,\)"):
            stream.observe(1.0, known=price[:3], past=[1.0] if has_past else None)
    if has_past:
        with pytest.raises(DataError, match="past covariates"):
            after.observe(1.0, known=[1.0])


def test_one_of_several_series_is_chosen():
    parts = {"a": waves(90), "b": waves(100, seed=2, level=50)}
    data = pd.concat(parts, names=["series", "time"]).reset_index()
    forecaster = Forecaster(**TINY, series="series", time="time").fit(data, progress=False)
    stream = forecaster.stream(series="b")
    stream.observe(parts["b"]["y"].to_numpy()[:3])
    assert 30 < stream.forecast().point[0] < 80
    with pytest.raises(ConfigError, match="there are 2 series: choose one with series="):
        forecaster.stream()
    with pytest.raises(DataError, match="'c': is not among the series"):
        forecaster.stream(series="c")


def test_series_without_time_stamps_and_with_numbered_steps():
    values = waves(100)["y"].to_numpy()
    for index in (None, range(7, 207, 2)):
        data = values if index is None else pd.DataFrame({"y": values}, index=index)
        runtime = Forecaster(**TINY).fit(data, progress=False).runtime()
        stream = runtime.stream(data=data[:70])
        stream.observe(values[70:])
        assert_same(stream.predict(), runtime.predict(data=data))


def test_months_on_their_last_days_stay_on_the_grid():
    data = waves(120)
    data.index = pd.date_range("2000-01-31", periods=120, freq="ME")
    runtime = Forecaster(**TINY | {"calendar": ("month",)}).fit(data, progress=False).runtime()
    stream = runtime.stream(data=data[:50])
    stream.observe(data["y"].to_numpy()[50:])
    assert_same(stream.predict(), runtime.predict(data=data))


def test_wrong_observations_are_refused_and_change_nothing(trained):
    stream = trained("stream").stream(data=LATER)  # transform="log"
    before = stream.predict()
    for value, error, message in (
        (float("nan"), DataError, "not a finite number"),
        ([5.0, -1.0], DataError, "has no log"),
        ([[5.0]], ShapeError, r"shape \(1, 1\)"),
    ):
        with pytest.raises(error, match=message):
            stream.observe(value)
    with pytest.raises(ShapeError, match=r"past has shape"):
        stream.observe(5.0, past=[1.0])
    assert_same(stream.predict(), before)
    with pytest.raises(ConfigError, match="a stream has one series"):
        trained("stream").stream(2, data=LATER)
    with pytest.raises(ShapeError, match="position"):
        stream.restore({})
    with pytest.raises(ShapeError, match="'target' is missing"):
        trained("direct").stream(data=LATER).restore({})
    with pytest.raises(ConfigError, match="have paths to sample"):
        stream.forecast(samples=3)
