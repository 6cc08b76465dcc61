"""A season is taken where the changes of a series show it."""

import numpy as np
import pytest

from unrolled.tasks.forecast.seasons import autocorrelation, find_season


def noise(steps, seed=0):
    return np.random.default_rng(seed).normal(size=steps)


def wave(steps, m):
    return 3 * np.sin(2 * np.pi * np.arange(steps) / m)


def test_autocorrelation_is_its_definition():
    x = noise(50).cumsum()
    c = x - x.mean()
    expected = [(c[k:] * c[: len(c) - k]).sum() / (c * c).sum() for k in range(8)]
    np.testing.assert_allclose(autocorrelation(x, 7), expected, atol=1e-12)
    np.testing.assert_allclose(autocorrelation(1e-200 * x, 7), expected, atol=1e-12)
    assert not autocorrelation(np.full(9, 2.0), 3).any()


@pytest.mark.parametrize("trend", [0.0, 0.5])
def test_the_season_that_is_there_is_found(trend):
    values = wave(1200, 24) + noise(1200) + trend * np.arange(1200)
    assert find_season([values], (24, 168)) == 24
    weekly = values + 2 * wave(1200, 168 / 5)
    assert find_season([weekly], (24, 168)) == 168
    assert find_season([values, noise(1200, 1)], (24,)) == 24


def test_noise_and_walks_have_none():
    for seed in range(5):
        assert find_season([noise(300, seed).cumsum()], ()) == 1
    found = [find_season([noise(300, seed).cumsum()], (12,)) for seed in range(40)]
    assert found.count(12) <= 6  # 5% by chance
    assert find_season([np.full(100, 5.0)], (12,)) == 1


def test_a_season_that_is_not_twice_there_is_not_looked_for():
    assert find_season([wave(24, 12)], (12,)) == 1
    assert find_season([wave(48, 12)], (12,)) == 12
