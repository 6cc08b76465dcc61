"""Naive forecasts compared with hand-computed results."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines import drift, random_walk, seasonal_naive

Y = np.arange(20.0) ** 2


def test_hand_computed_forecasts():
    assert random_walk(Y, [5, 9], 3).tolist() == [[16, 16, 16], [64, 64, 64]]
    assert drift(Y, [2, 5], 3).tolist() == [[2, 3, 4], [20, 24, 28]]
    assert seasonal_naive(Y, [8], 5, 4).tolist() == [[16, 25, 36, 49, 16]]


def test_less_than_a_season_gives_nan():
    assert np.isnan(seasonal_naive(Y, [3], 2, 7)).all()


def test_drift_is_the_line_through_the_first_and_the_last_value():
    rng = np.random.default_rng(3)
    y = rng.normal(size=50)
    for origin in (2, 9, 50):
        slope = np.mean(np.diff(y[:origin]))
        line = [y[origin - 1] + k * slope for k in range(1, 6)]
        np.testing.assert_allclose(drift(y, [origin], 5)[0], line)
    np.testing.assert_allclose(drift(3.0 + 2.0 * np.arange(9), [4], 5)[0], 3.0 + 2.0 * np.arange(4, 9))


def test_one_value_has_no_drift():
    assert np.isnan(drift(Y, [1], 2)).all()
    assert drift(np.arange(5), [3], 1).dtype == np.float64


@given(origin=st.integers(1, 20), horizon=st.integers(1, 9))
def test_drift_does_not_depend_on_later_values(origin, horizon):
    changed = Y.copy()
    changed[origin:] = -1
    np.testing.assert_array_equal(*(drift(y, [origin], horizon) for y in (Y, changed)))


@given(origin=st.integers(1, 20), horizon=st.integers(1, 9), season=st.integers(1, 9))
def test_seasonal_naive_does_not_depend_on_later_values(origin, horizon, season):
    changed = Y.copy()
    changed[origin:] = -1
    one, two = (seasonal_naive(y, [origin], horizon, season) for y in (Y, changed))
    np.testing.assert_array_equal(one, two)
    if season == 1:
        np.testing.assert_array_equal(one, random_walk(Y, [origin], horizon))


def test_a_perfectly_seasonal_series_is_forecast_exactly():
    y = np.tile([1.0, 5.0, 2.0], 6)
    assert seasonal_naive(y, range(3, 10), 8, 3) == pytest.approx(
        np.stack([y[o : o + 8] for o in range(3, 10)])
    )
