"""Transform, differences and linear part are chosen by their forecast errors on the training part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.tasks.forecast.scale_choice import choose_difference, choose_transform, naive_is_as_good


def season(steps, seed=0, noise=0.05):
    t = np.arange(steps)
    return 0.5 * np.sin(2 * np.pi * t / 12) + np.random.default_rng(seed).normal(0, noise, steps)


def test_the_logarithm_is_chosen_if_the_variation_grows_with_the_level():
    growing = np.exp(3 + np.arange(150) * 0.03 + season(150))
    assert choose_transform([growing], 12) == "log"
    assert choose_transform([20 + season(150)], 12) == "none"
    assert choose_transform([growing, 20 + season(150)], 12) == "log"
    assert choose_transform([growing, season(150)], 12) == "none"  # has no logarithm


@given(exponent=st.integers(-100, 100), seed=st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_choices_do_not_depend_on_the_unit(exponent, seed):
    values = np.exp(3 + np.arange(120) * 0.03 + season(120, seed))
    scaled = values * 2.0**exponent
    transform = choose_transform([values], 12)
    assert choose_transform([scaled], 12) == transform
    assert choose_difference([scaled], "none", 12, 6) == choose_difference([values], "none", 12, 6)
    assert naive_is_as_good([scaled], "none", 12, 6) == naive_is_as_good([values], "none", 12, 6)


def test_differences_are_chosen_only_if_clearly_better():
    walk = np.random.default_rng(1).normal(size=600).cumsum()
    assert choose_difference([walk], "none", 1, 5) in (0, 1)
    assert choose_difference([season(400)], "none", 12, 6) == 0
    jumps = np.concatenate([np.zeros(300), np.full(100, 50.0)]) + np.random.default_rng(0).normal(size=400)
    assert choose_difference([jumps], "none", 1, 5) == 1


@pytest.mark.parametrize("steps", [3, 10, 30])
def test_short_series_get_no_differences(steps):
    values = np.random.default_rng(0).normal(size=steps).cumsum()
    assert choose_difference([values], "none", 12, 6) == 0
    assert not naive_is_as_good([values], "none", 1, 6)


def test_the_naive_forecast_is_as_good_only_for_a_random_walk():
    walk = np.random.default_rng(2).normal(size=3000).cumsum()
    assert naive_is_as_good([walk], "none", 1, 5)
    assert not naive_is_as_good([season(400, noise=0.3)], "none", 12, 6)
    assert not naive_is_as_good([np.full(400, 3.0)], "none", 1, 6)
