"""Choose transform, differences and linear part by the errors of autoregressions."""

from collections.abc import Sequence

import numpy as np

from unrolled.baselines import Autoregression, seasonal_naive
from unrolled.baselines.autoregression import largest_order
from unrolled.data.scaling import Scaling, Transform
from unrolled.data.series import Numbers
from unrolled.tasks.forecast.metrics import paired_difference

MAX_STEPS = 10_000
"""Maximum number of training steps to use, the last ones."""
MIN_GAIN = 2.0
"""Gain above which an option is chosen: in log-likelihood per series, or in standard errors."""
COMPARISON_FRACTION = 0.25
"""Fraction of the training part, at its end, whose forecasts choose the difference and the linear part."""
MIN_HORIZONS = 4
"""Minimum number of horizons in that part; with fewer nothing is chosen."""
ORIGINS = 200
"""Approximate number of forecasts to compare."""


def choose_transform(series: Sequence[Numbers], season: int) -> Transform:
    """Return "log" if an autoregression of the logarithm fits positive series clearly better, else "none".

    The log-likelihoods are compared in data units, so that of log y includes the term −Σ log y (Box & Cox
    1964). The comparison does not depend on the unit of the data.

    Args:
        series: training parts, (T,) each.
        season: length of a season in steps, for the order of the autoregression.
    """
    recent = [y[-MAX_STEPS:] for y in series]
    if not all((y > 0).all() for y in recent):
        return "none"
    gains = [_gain_of_log(y, season) for y in recent]
    return "log" if sum(gains) > MIN_GAIN * len(gains) else "none"


def choose_difference(series: Sequence[Numbers], transform: Transform, season: int, horizon: int) -> int:
    """Return the lag of differencing whose autoregression forecasts clearly best; 0 for no differences.

    The forecasts are of the end of the training parts. Lags 1 and ``season`` are tried.

    Args:
        series: training parts, (T,) each.
        transform: transform that is applied before differencing.
        season: length of a season in steps.
        horizon: H.
    """
    recent = [y[-MAX_STEPS:] for y in series]
    undifferenced = [_errors(y, transform, 0, season, horizon) for y in recent]
    best, chosen = 0.0, 0
    for d in dict.fromkeys((1, season)):
        errors = [_errors(y, transform, d, season, horizon) for y in recent]
        change, error = _relative_change(errors, undifferenced, horizon)
        if change < best and change + MIN_GAIN * error < 0:
            best, chosen = change, d
    return chosen


def naive_is_as_good(series: Sequence[Numbers], transform: Transform, season: int, horizon: int) -> bool:
    """Return whether the seasonal naive forecast is as good as the autoregression of the values.

    They are compared on the end of the training parts; False if these are too short.
    """
    recent = [y[-MAX_STEPS:] for y in series]
    fitted = [_errors(y, transform, 0, season, horizon) for y in recent]
    naive = [_naive_errors(y, season, horizon) for y in recent]
    change, _ = _relative_change(fitted, naive, horizon)
    return change > 0


def _relative_change(
    errors: Sequence[Numbers | None], others: Sequence[Numbers | None], horizon: int
) -> tuple[float, float]:
    """Return the relative difference of errors from ``others``, and its standard error; 0 if unknown."""
    changes = [
        (ours - theirs) / (theirs.mean() or 1.0)
        for ours, theirs in zip(errors, others, strict=True)
        if ours is not None and theirs is not None
    ]
    return paired_difference(changes, lags=horizon - 1) if changes else (0.0, 0.0)


def _gain_of_log(y: Numbers, season: int) -> float:
    """Return the gain in log-likelihood of a series by the logarithm; 0 if unknown."""
    y = y / y.max()  # does not change the result, and avoids overflow
    plain, logs = _residuals(y, season), _residuals(np.log(y), season)
    if plain is None or logs is None:
        return 0.0
    n = min(len(plain), len(logs))
    plain, logs = plain[-n:], logs[-n:]
    variances = [float(np.square(r).mean()) for r in (plain, logs)]
    if min(variances) <= 0:
        return 0.0
    return n / 2 * float(np.log(variances[0]) - np.log(variances[1])) - float(np.log(y[-n:]).sum())


def _residuals(values: Numbers, season: int) -> Numbers | None:
    scaling = Scaling.fit(values, "none", 0, "standard")
    z = scaling.apply(values)
    if not largest_order(len(z)):
        return None
    fitted = Autoregression.fit(z, season=season)
    origins = range(fitted.order, len(z))
    return np.asarray((z[fitted.order :] - fitted.predict(z, origins, 1)[:, 0]) * scaling.width)


def _errors(y: Numbers, transform: Transform, d: int, season: int, horizon: int) -> Numbers | None:
    """Return the mean error (N,) of an autoregression from N origins at the end of a series."""
    origins = _origins(y, horizon)
    if not origins or not largest_order(origins[0] - d):
        return None
    scaling = Scaling.fit(y[: origins[0]], transform, d, "standard")
    z = scaling.apply(y)
    fitted = Autoregression.fit(z[d : origins[0]], season=season)
    with np.errstate(over="ignore", invalid="ignore"):
        paths = fitted.predict(z, origins, horizon)
        errors = [
            np.abs(scaling.invert(path, y[:o], cumulative=True) - y[o : o + horizon]).mean()
            for o, path in zip(origins, paths, strict=True)
        ]
    result = np.array(errors)
    return result if np.isfinite(result).all() else None


def _naive_errors(y: Numbers, season: int, horizon: int) -> Numbers | None:
    """Return the mean error (N,) of the seasonal naive forecast from the same origins."""
    origins = _origins(y, horizon)
    if not origins or origins[0] < season:
        return None
    actual = np.stack([y[o : o + horizon] for o in origins])
    return np.asarray(np.abs(seasonal_naive(y, origins, horizon, season) - actual).mean(axis=1))


def _origins(y: Numbers, horizon: int) -> range:
    """Return the origins of the forecasts to compare; empty if there are too few."""
    end = len(y) - int(COMPARISON_FRACTION * len(y))
    if len(y) - end < MIN_HORIZONS * horizon:
        return range(0)
    return range(end, len(y) - horizon + 1, max(1, (len(y) - end) // ORIGINS))
