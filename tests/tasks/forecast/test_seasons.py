"""Detection of the season of a series from the autocorrelation of its changes."""

import numpy as np
import pytest

from unrolled.tasks.forecast.seasons import autocorrelation, find_season


def noise(steps, seed=0):
    return np.random.default_rng(seed).normal(size=steps)


def wave(steps, m):
    return 3 * np.sin(2 * np.pi * np.arange(steps) / m)


def test_autocorrelation_follows_its_definition():
    x = noise(50).cumsum()
    c = x - x.mean()
    expected = [(c[k:] * c[: len(c) - k]).sum() / (c * c).sum() for k in range(8)]
    np.testing.assert_allclose(autocorrelation(x, 7), expected, atol=1e-12)
    np.testing.assert_allclose(autocorrelation(1e-200 * x, 7), expected, atol=1e-12)
    assert not autocorrelation(np.full(9, 2.0), 3).any()


@pytest.mark.parametrize("trend", [0.0, 0.5])
def test_a_season_in_the_data_is_found(trend):
    values = wave(1200, 24) + noise(1200) + trend * np.arange(1200)
    assert find_season([values], (24, 168)) == 24
    weekly = values + 2 * wave(1200, 168 / 5)
    assert find_season([weekly], (24, 168)) == 168
    assert find_season([values, noise(1200, 1)], (24,)) == 24


def test_noise_and_random_walks_have_no_season():
    for seed in range(5):
        assert find_season([noise(300, seed).cumsum()], ()) == 1
    seasons = [find_season([noise(300, seed).cumsum()], (12,)) for seed in range(40)]
    assert seasons.count(12) <= 6  # 5% by chance
    assert find_season([np.full(100, 5.0)], (12,)) == 1


def test_a_season_must_fit_at_least_twice():
    assert find_season([wave(24, 12)], (12,)) == 1
    assert find_season([wave(48, 12)], (12,)) == 12
