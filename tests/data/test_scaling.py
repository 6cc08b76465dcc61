"""Scaling: fitted on the given values only, and inverted exactly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from unrolled.data.scaling import Scaling, check_positive
from unrolled.errors import DataError


def series(length, seed=0):
    return np.random.default_rng(seed).uniform(1.0, 9.0, length)


@pytest.mark.parametrize("transform", ["none", "log", "sqrt"])
@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
@given(d=st.integers(0, 5), horizon=st.integers(1, 12), seed=st.integers(0, 99))
def test_recursive_forecasts_are_inverted_exactly(transform, scale, d, horizon, seed):
    y = series(40, seed)
    scaling = Scaling.fit(y[:25], transform, d, scale)
    z = scaling.apply(y)
    assert np.isnan(z[:d]).all()
    inverted = scaling.invert(z[25 : 25 + horizon], y[:25], cumulative=True)
    assert_allclose(inverted, y[25 : 25 + horizon], rtol=1e-10)


@pytest.mark.parametrize("transform", ["none", "log", "sqrt"])
@given(d=st.integers(0, 5), horizon=st.integers(1, 12), seed=st.integers(0, 99))
def test_direct_targets_are_inverted_exactly(transform, d, horizon, seed):
    y = series(40, seed)
    scaling = Scaling.fit(y[:25], transform, d, "standard")
    targets = scaling.direct_targets(y, horizon)
    inverted = scaling.invert(targets[24], y[:25], cumulative=False)
    assert_allclose(inverted, y[25 : 25 + horizon], rtol=1e-10)
    assert np.isnan(targets[-1]).all()


def test_direct_targets_follow_their_definition():
    y, d, horizon = series(20), 3, 7
    targets = Scaling("none", d, 0.0, 1.0).direct_targets(y, horizon)
    for t in range(d, 12):
        for k in range(1, horizon + 1):
            assert targets[t, k - 1] == pytest.approx(y[t + k] - y[t + k - d * math.ceil(k / d)])


def test_standard_and_minmax():
    y = series(50)
    z = Scaling.fit(y, "none", 0, "standard").apply(y)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    z = Scaling.fit(y, "none", 0, "minmax").apply(y)
    assert (z.min(), z.max()) == (pytest.approx(0), pytest.approx(1))


def test_a_constant_series_stays_finite():
    scaling = Scaling.fit(np.full(9, 4.0), "none", 0, "standard")
    assert scaling.apply(np.full(3, 4.0)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("transform", "bad"), [("log", 0.0), ("log", -1.0), ("sqrt", -0.5)])
def test_values_without_a_logarithm_or_root_are_refused(transform, bad):
    with pytest.raises(DataError, match=f"1 value has no {transform}.*{bad:g}"):
        check_positive(np.array([1.0, bad, 2.0]), transform, "series 's'")
    check_positive(np.array([1.0, 2.0]), transform, "series 's'")
    check_positive(np.array([bad]), "none", "series 's'")
