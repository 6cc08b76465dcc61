"""Forecast metrics, checked against closed forms and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from unrolled.errors import NonFiniteError
from unrolled.tasks.forecast.metrics import (
    crps_of_quantiles,
    crps_of_samples,
    naive_error,
    paired_difference,
    pinball_loss,
    point_errors,
)


def test_point_errors_by_hand():
    errors = point_errors(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0]))
    assert errors["mae"] == pytest.approx(1.0)
    assert errors["rmse"] == pytest.approx(math.sqrt(5 / 3))
    assert errors["mape"] == pytest.approx(100 * (1 + 0 + 0.5) / 3)
    assert errors["smape"] == pytest.approx(200 * (1 / 3 + 0 + 2 / 6) / 3)


@given(seed=st.integers(0, 999), count=st.integers(1, 300), level=st.floats(0.01, 0.99))
def test_errors_equal_scikit_learn(seed, count, level):
    generator = np.random.default_rng(seed)
    actual, predicted = generator.standard_normal((2, count)) * 100
    errors = point_errors(actual, predicted)
    assert errors["mae"] == metrics.mean_absolute_error(actual, predicted)
    assert errors["rmse"] == metrics.root_mean_squared_error(actual, predicted)
    assert errors["mape"] == 100 * metrics.mean_absolute_percentage_error(actual, predicted)
    assert pinball_loss(actual, predicted, level) == metrics.mean_pinball_loss(actual, predicted, alpha=level)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_nonfinite_forecast_is_refused(value):
    with pytest.raises(NonFiniteError, match="a forecast is infinite or not a number"):
        point_errors(np.array([1.0, 2.0]), np.array([1.0, value]))


def test_percentage_errors_of_zero():
    errors = point_errors(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert math.isnan(errors["mape"])
    assert errors["smape"] == 0.0


def test_the_scale_of_mase():
    assert naive_error(np.array([1.0, 5.0, 2.0, 9.0]), 2) == pytest.approx((1 + 4) / 2)
    assert math.isnan(naive_error(np.array([1.0, 2.0]), 2))


@given(seed=st.integers(0, 999), draws=st.integers(1, 9))
def test_crps_of_samples_by_brute_force(seed, draws):
    rng = np.random.default_rng(seed)
    y, x = rng.normal(size=3), rng.normal(size=(3, draws))
    pairs = np.abs(x[:, :, None] - x[:, None, :]).mean(axis=(1, 2))
    expected = (np.abs(x - y[:, None]).mean(axis=1) - pairs / 2).mean()
    assert crps_of_samples(y, x) == pytest.approx(expected, abs=1e-12)


def gaussian_crps(y):
    """Gneiting & Raftery (2007), equation 5, for a standard normal forecast (as a loss)."""
    return y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / math.sqrt(math.pi)


@pytest.mark.parametrize("y", [-1.3, 0.0, 0.4, 2.5])
def test_crps_of_a_gaussian_in_closed_form(y):
    levels = tuple((np.arange(2000) + 0.5) / 2000)
    quantiles = stats.norm.ppf(levels)[None]
    assert crps_of_samples(np.array([y]), quantiles) == pytest.approx(gaussian_crps(y), abs=2e-3)
    assert crps_of_quantiles(np.array([y]), quantiles, levels) == pytest.approx(gaussian_crps(y), abs=2e-3)


def test_one_sample_is_the_absolute_error():
    assert crps_of_samples(np.array([1.0, 5.0]), np.array([[2.0], [2.0]])) == pytest.approx(2.0)


def test_the_median_alone_is_the_absolute_error():
    assert crps_of_quantiles(np.array([1.0, 5.0]), np.array([[2.0], [2.0]]), (0.5,)) == pytest.approx(2.0)


def test_paired_difference_of_independent_losses():
    d = np.random.default_rng(0).normal(0.3, 1.0, 200)
    mean, error = paired_difference([d], lags=0)
    assert mean == pytest.approx(d.mean())
    assert error == pytest.approx(d.std() / math.sqrt(200))


def test_autocorrelated_losses_have_a_larger_standard_error():
    noise = np.random.default_rng(0).normal(size=5005)
    d = np.convolve(noise, np.ones(6) / 6, mode="valid")  # like the errors of overlapping horizons
    _, naive = paired_difference([d], lags=0)
    _, error = paired_difference([d], lags=30)
    expected = 1 / math.sqrt(5000)  # standard error of the mean of 5000 overlapping sums
    assert error == pytest.approx(expected, rel=0.3)
    assert naive < 0.6 * error


def test_series_are_weighted_by_their_origins():
    a, b = np.ones(3), np.zeros(1)
    assert paired_difference([a, b], 0)[0] == pytest.approx(0.75)
