"""The forecaster without torch forecasts what the torch task forecasts."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast_models import COVARIATES, TINY, VARIANTS, waves, with_covariates
from unrolled import Forecaster
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.runtime import load
from unrolled.tasks.forecast.runtime import ForecasterRuntime

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

SAMPLED = ("gaussian", "student-t")
DATA = waves(133, seed=4)
"""Later than the training data."""


@pytest.fixture(scope="module")
def trained():
    """``trained("direct")`` is a small model of that variant and its runtime."""
    made: dict[str, tuple[Forecaster, ForecasterRuntime]] = {}

    def make(variant):
        if variant not in made:
            forecaster = Forecaster(**TINY | VARIANTS[variant]).fit(waves(), progress=False)
            made[variant] = (forecaster, forecaster.runtime())
        return made[variant]

    return make


def assert_same(ours, expected, columns=None):
    assert list(ours.columns) == list(expected.columns)
    assert ours.index.equals(expected.index)
    columns = list(columns or expected.columns)
    np.testing.assert_allclose(ours[columns], expected[columns], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_forecasts_are_those_of_torch(trained, variant):
    forecaster, runtime = trained(variant)
    ours, expected = runtime.predict(data=DATA), forecaster.predict(data=DATA)
    if forecaster.config.forecast.output not in SAMPLED:
        assert_same(ours, expected)
        assert ours.attrs == expected.attrs
    elif forecaster.config.forecast.strategy == "direct":
        assert_same(ours, expected, ["prediction"])
    assert list(ours.columns) == list(expected.columns)
    assert np.isfinite(ours.to_numpy()).all()


@pytest.mark.parametrize("variant", [v for v in VARIANTS if "distribution" in v])
def test_sampled_paths_have_the_distribution_of_torch(trained, variant, monkeypatch):
    forecaster, runtime = trained(variant)
    before = forecaster.config
    many = replace(before, forecast=replace(before.forecast, samples=4000))
    monkeypatch.setattr(forecaster, "config", many)
    monkeypatch.setattr(runtime, "config", many)
    ours, expected = (side.predict(data=DATA, seed=3) for side in (runtime, forecaster))
    spread = float((expected["q0.9"] - expected["q0.1"]).mean())
    np.testing.assert_allclose(ours["mean"], expected["mean"], atol=0.1 * spread)
    for level in ("q0.1", "q0.25", "q0.75", "q0.9"):
        np.testing.assert_allclose(ours[level], expected[level], atol=0.15 * spread)


def test_paths_of_a_seed_are_repeated(trained):
    _, runtime = trained("recursive distribution")
    first, again, other = (runtime.predict(data=DATA, samples=5, seed=seed) for seed in (1, 1, 2))
    assert list(first.columns) == [f"path {i}" for i in range(5)]
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize("variant", ["recursive", "direct", "lags", "linear"])
def test_other_horizons(trained, variant):
    forecaster, runtime = trained(variant)
    horizons = (1, 4) if variant == "lags" else (1, 3, 11)
    for horizon in horizons:
        assert_same(runtime.predict(horizon, data=DATA), forecaster.predict(horizon, data=DATA))


@pytest.mark.parametrize("options", COVARIATES)
def test_covariates_are_used_as_in_torch(options):
    data = with_covariates()
    fitted = Forecaster(**TINY | COVARIATES[options]).fit(data, progress=False)
    future = with_covariates(130)
    future.loc[future.index[126:], "y"] = np.nan
    if "rain" in COVARIATES[options].get("past", ()):
        future.loc[future.index[126:], "rain"] = np.nan
    assert_same(fitted.runtime().predict(data=future), fitted.predict(data=future))


def test_several_series_and_files(tmp_path):
    data = pd.concat(
        {"a": waves(90), "b": waves(100, seed=2, level=50)}, names=["series", "time"]
    ).reset_index()
    path, run = tmp_path / "series.csv", tmp_path / "run"
    data.to_csv(path, index=False)
    forecaster = Forecaster(**TINY | {"series": "series", "time": "time"}).fit(path, out=run, progress=False)
    runtime = load(run)
    assert_same(runtime.predict().drop(columns="series"), forecaster.predict().drop(columns="series"))
    ours, expected = io.StringIO(), io.StringIO()
    runtime.predict_file("", ours)
    forecaster.predict_file("", expected)
    assert_same(*(read_table(text) for text in (ours, expected)), ["prediction", "q0.1"])


def read_table(text):
    text.seek(0)
    return pd.read_csv(text, index_col=0)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
@pytest.mark.parametrize("variant", ["recursive", "direct", "linear stream"])
def test_smaller_precisions_are_close(trained, variant, precision):
    forecaster, runtime = trained(variant)
    ours = forecaster.runtime(precision).predict(data=DATA)["prediction"].to_numpy()
    expected = runtime.predict(data=DATA)["prediction"].to_numpy()
    np.testing.assert_allclose(ours, expected, atol=0.5)
    assert not np.array_equal(ours, expected)


def test_wrong_arguments_are_refused(trained):
    _, runtime = trained("direct distribution")
    with pytest.raises(ConfigError, match="has only the 4 steps"):
        runtime.predict(9)
    with pytest.raises(ConfigError, match="its own distribution, not paths"):
        runtime.predict(samples=3)
    with pytest.raises(ConfigError, match="have paths to sample"):
        trained("direct")[1].predict(samples=3)
    with pytest.raises(RunError, match="give data=FILE"):
        runtime.predict()
    with pytest.raises(DataError, match="too few"):
        trained("lags")[1].predict(data=waves(8))


def test_weights_that_do_not_fit_are_refused(trained):
    _, runtime = trained("direct")
    weights = dict(runtime.weights)
    del weights["head.bias"]
    with pytest.raises(RunError, match=r"head\.bias is missing"):
        ForecasterRuntime(runtime.config, runtime.artifacts, weights)
