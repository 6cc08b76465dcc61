"""Naive forecasts by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines import random_walk, seasonal_naive

Y = np.arange(20.0) ** 2


def test_by_hand():
    assert random_walk(Y, [5, 9], 3).tolist() == [[16, 16, 16], [64, 64, 64]]
    assert seasonal_naive(Y, [8], 5, 4).tolist() == [[16, 25, 36, 49, 16]]


def test_without_a_whole_season_there_is_no_forecast():
    assert np.isnan(seasonal_naive(Y, [3], 2, 7)).all()


@given(origin=st.integers(1, 20), horizon=st.integers(1, 9), season=st.integers(1, 9))
def test_the_seasonal_forecast_sees_nothing_from_its_origin_on(origin, horizon, season):
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
