"""The autoregression compared with a slow loop, known processes and exact series."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines import Autoregression, drift, random_walk, seasonal_naive
from unrolled.baselines import autoregression as module
from unrolled.baselines.autoregression import default_order, largest_order
from unrolled.errors import ConfigError, DataError


def make_process(phi, steps, intercept=0.0, seed=0, start=100):
    """Return a process with these coefficients and unit noise, after a burn-in of ``start`` steps."""
    rng, p = np.random.default_rng(seed), len(phi)
    y = np.zeros(steps + start)
    for t in range(p, len(y)):
        y[t] = intercept + sum(c * y[t - 1 - i] for i, c in enumerate(phi)) + rng.normal()
    return y[start:]


def regression(y, p, first):
    """Fit order p by least squares over t = first …; return (intercept, coefficients …) and residuals."""
    rows = [[1.0] + [y[t - i] for i in range(1, p + 1)] for t in range(first, len(y))]
    x, target = np.array(rows), y[first:]
    beta = np.linalg.lstsq(x, target, rcond=None)[0]
    return beta, target - x @ beta


def slow_fit(y, most):
    """Fit every order by a separate regression; return the best by BIC."""
    n = len(y) - most
    criteria = []
    for p in range(1, most + 1):
        rss = float(np.square(regression(y, p, most)[1]).sum())
        criteria.append(n * math.log(rss / n) + (p + 1) * math.log(n))
    order = 1 + int(np.argmin(criteria))
    return regression(y, order, order)[0]


def slow_predict(model, y, origin, horizon):
    values = list(y[:origin])
    for _ in range(horizon):
        values.append(model.intercept + sum(c * values[-1 - i] for i, c in enumerate(model.coefficients)))
    return values[origin:]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("phi", "steps", "most"), [((0.6,), 60, 5), ((0.4, -0.5, 0.2), 200, 9), ((0,), 80, 19)]
)
def test_fit_is_the_best_regression_of_all_orders(phi, steps, most, seed, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 37)  # forces several blocks
    y = 1e3 + 50 * make_process(phi, steps, seed=seed)
    fitted, expected = Autoregression.fit(y, most), slow_fit(y, most)
    assert fitted.order == len(fitted.coefficients) == len(expected) - 1
    np.testing.assert_allclose(fitted.coefficients, expected[1:], rtol=1e-7, atol=1e-10)
    assert fitted.intercept == pytest.approx(expected[0], rel=1e-7)


@pytest.mark.parametrize("horizon", [1, 7])
def test_forecasts_agree_with_a_loop(horizon):
    y = make_process((0.4, -0.5, 0.2), 300, 2.0)
    model = Autoregression.fit(y[:200], 6)
    origins = [6, 50, 299, 300]
    forecasts = model.predict(y, origins, horizon)
    expected = [slow_predict(model, y, o, horizon) for o in origins]
    assert forecasts.shape == (4, horizon)
    np.testing.assert_allclose(forecasts, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("phi", "intercept"), [((0.7,), 3.0), ((0.5, -0.3), 0.0), ((0.2, 0.0, 0.0, 0.6), -1.0)]
)
def test_a_known_process_is_recovered(phi, intercept):
    model = Autoregression.fit(make_process(phi, 20_000, intercept, seed=1), 12)
    assert model.order == len(phi)
    np.testing.assert_allclose(model.coefficients, phi, atol=0.03)
    assert model.intercept == pytest.approx(intercept, abs=0.2)


def test_noise_has_the_smallest_order():
    orders = [Autoregression.fit(make_process((0.0,), 400, seed=s), 20).order for s in range(20)]
    assert orders == [1] * 20


def test_a_season_is_learned_and_continued():
    rng = np.random.default_rng(2)
    y = np.tile(rng.normal(size=12), 20) * 5 + rng.normal(size=240) * 0.1
    model = Autoregression.fit(y[:200], season=12)
    assert 11 <= model.order <= default_order(200, 12) == 25
    origins = range(200, 229)
    actual = np.stack([y[o : o + 12] for o in origins])
    error = np.abs(model.predict(y, origins, 12) - actual).mean()
    assert error < 1.2 * np.abs(seasonal_naive(y, origins, 12, 12) - actual).mean()
    assert error < 0.05 * np.abs(random_walk(y, origins, 12) - actual).mean()


@pytest.mark.parametrize(
    ("y", "ahead"),
    [
        (np.full(30, 0.1), [0.1] * 4),
        (np.zeros(7), [0.0] * 4),
        (np.arange(30.0), [30, 31, 32, 33]),
        (np.tile([1.0, 5.0, 2.0], 10), [1, 5, 2, 1]),
        (1.5 ** np.arange(20), 1.5 ** np.arange(20, 24)),
    ],
)
def test_exact_series_are_continued(y, ahead):
    model = Autoregression.fit(y)
    np.testing.assert_allclose(model.predict(y, [len(y)], 4)[0], ahead, rtol=1e-6, atol=1e-9)


@given(origin=st.integers(3, 40), horizon=st.integers(1, 9))
def test_forecasts_do_not_depend_on_later_values(origin, horizon):
    y = make_process((0.5, 0.1, 0.3), 40)
    changed = y.copy()
    changed[origin:] = 1e6
    model = Autoregression(0.5, np.array([0.5, 0.1, 0.3]))
    one, two = (model.predict(v, [origin], horizon) for v in (y, changed))
    np.testing.assert_array_equal(one, two)


@given(shift=st.floats(-1e3, 1e3), scale=st.floats(0.01, 100))
def test_forecasts_are_equivariant_to_shift_and_scale(shift, scale):
    y = make_process((0.6, -0.2), 80)
    one, two = Autoregression.fit(y, 6), Autoregression.fit(scale * y + shift, 6)
    assert one.order == two.order
    expected = scale * one.predict(y, [50, 80], 5) + shift
    np.testing.assert_allclose(two.predict(scale * y + shift, [50, 80], 5), expected, rtol=1e-6, atol=1e-6)


def test_too_few_values_before_an_origin_give_nan():
    model = Autoregression(0.0, np.array([0.5, 0.1, 0.3]))
    forecasts = model.predict(np.arange(10.0), [1, 2, 3], 4)
    assert np.isnan(forecasts[:2]).all()
    assert np.isfinite(forecasts[2]).all()


@pytest.mark.parametrize(("steps", "season", "order"), [(0, 1, 0), (6, 1, 0), (7, 1, 1), (100, 1, 20)])
def test_the_largest_order_without_a_season(steps, season, order):
    assert default_order(steps, season) == order


@pytest.mark.parametrize(("steps", "season", "order"), [(120, 12, 25), (60, 12, 14), (100_000, 168, 337)])
def test_the_largest_order_reaches_beyond_two_seasons(steps, season, order):
    assert default_order(steps, season) == order


@given(steps=st.integers(0, 5000))
def test_the_largest_order_has_three_values_per_parameter(steps):
    p = largest_order(steps)
    assert not p or steps - p >= 3 * (p + 1)
    assert steps - (p + 1) < 3 * (p + 2)


@pytest.mark.parametrize(
    ("values", "order", "message"),
    [
        (np.arange(6.0), None, "6 values are too few for max_order=1, which needs 1 and 3 more for each of"),
        ([], None, "0 values are too few"),
        (np.arange(20.0), 5, "20 values are too few for max_order=5, which needs 5 .* its 6 parameters"),
        ([*range(20), math.nan], 2, "value 20 is not finite"),
        ([0.0, math.inf, *range(20)], 2, "value 1 is not finite"),
    ],
)
def test_unusable_series_are_refused(values, order, message):
    with pytest.raises(DataError, match=message):
        Autoregression.fit(values, order)


@pytest.mark.parametrize("order", [0, -3])
def test_an_order_is_at_least_one(order):
    with pytest.raises(ConfigError, match=f"max_order={order}"):
        Autoregression.fit(np.arange(50.0), order)


def test_drift_is_an_autoregression_of_order_one():
    y = np.arange(20.0) ** 2
    model = Autoregression((y[10] - y[0]) / 10, np.array([1.0]))
    np.testing.assert_allclose(model.predict(y, [11], 5), drift(y, [11], 5))
