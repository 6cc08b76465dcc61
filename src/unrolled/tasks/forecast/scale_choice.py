"""Which transform, differences and linear part suit series: by the errors of autoregressions."""

from collections.abc import Sequence

import numpy as np

from unrolled.baselines import Autoregression, seasonal_naive
from unrolled.baselines.autoregression import largest_order
from unrolled.data.scaling import Scaling, Transform
from unrolled.data.series import Numbers
from unrolled.tasks.forecast.metrics import paired_difference

RECENT = 10_000
"""Steps before the held-out part that are looked at."""
CLEARLY = 2.0
"""Gain of log-likelihood a series, or standard errors of a difference, beyond which a choice is made."""
INNER = 0.25
"""Share of the training part whose forecasts choose the differences."""
ENOUGH = 4
"""Horizons in the end of the training part, below which its forecasts choose nothing."""
ORIGINS = 200
"""Forecasts that are compared, about."""


def choose_transform(series: Sequence[Numbers], season: int) -> Transform:
    """Return log where an autoregression of the logarithm explains positive series clearly better.

    The log-likelihoods of both are compared on the scale of the data: that of log y has −Σ log y beside it
    (Box & Cox 1964). Neither depends on the unit of the data.

    Args:
        series: (T,) each, the training parts.
        season: steps, for the order of the autoregression.
    """
    recent = [y[-RECENT:] for y in series]
    if not all((y > 0).all() for y in recent):
        return "none"
    gains = [_gain_of_log(y, season) for y in recent]
    return "log" if sum(gains) > CLEARLY * len(gains) else "none"


def choose_difference(series: Sequence[Numbers], transform: Transform, season: int, horizon: int) -> int:
    """Return the difference whose autoregression forecasts the end of the training parts clearly best; or 0.

    Args:
        series: (T,) each, the training parts.
        transform: on whose scale the differences are.
        season: steps; its differences are tried as those of one step are.
        horizon: H.
    """
    recent = [y[-RECENT:] for y in series]
    plain = [_errors(y, transform, 0, season, horizon) for y in recent]
    best, chosen = 0.0, 0
    for d in dict.fromkeys((1, season)):
        others = [_errors(y, transform, d, season, horizon) for y in recent]
        change, error = _relative_change(others, plain, horizon)
        if change < best and change + CLEARLY * error < 0:
            best, chosen = change, d
    return chosen


def naive_is_as_good(series: Sequence[Numbers], transform: Transform, season: int, horizon: int) -> bool:
    """Tell whether the seasonal naive forecast errs no more in the end of the training parts than the
    autoregression of the values does; False where they are too short to tell."""
    recent = [y[-RECENT:] for y in series]
    fitted = [_errors(y, transform, 0, season, horizon) for y in recent]
    naive = [_naive_errors(y, season, horizon) for y in recent]
    change, _ = _relative_change(fitted, naive, horizon)
    return change > 0


def _relative_change(
    errors: Sequence[Numbers | None], others: Sequence[Numbers | None], horizon: int
) -> tuple[float, float]:
    """Return by which share errors differ from others, and the standard error; 0 where neither is known."""
    changes = [
        (ours - theirs) / (theirs.mean() or 1.0)
        for ours, theirs in zip(errors, others, strict=True)
        if ours is not None and theirs is not None
    ]
    return paired_difference(changes, lags=horizon - 1) if changes else (0.0, 0.0)


def _gain_of_log(y: Numbers, season: int) -> float:
    """Return by how much the log-likelihood of a series rises with the logarithm; 0 where none is known."""
    y = y / y.max()  # which changes nothing, and leaves room for squares
    plain, logs = _residuals(y, season), _residuals(np.log(y), season)
    if plain is None or logs is None:
        return 0.0
    n = min(len(plain), len(logs))
    plain, logs = plain[-n:], logs[-n:]
    sizes = [float(np.square(r).mean()) for r in (plain, logs)]
    if min(sizes) <= 0:
        return 0.0
    return n / 2 * float(np.log(sizes[0]) - np.log(sizes[1])) - float(np.log(y[-n:]).sum())


def _residuals(g: Numbers, season: int) -> Numbers | None:
    scaling = Scaling.fit(g, "none", 0, "standard")
    z = scaling.apply(g)
    if not largest_order(len(z)):
        return None
    fitted = Autoregression.fit(z, season=season)
    origins = range(fitted.order, len(z))
    return np.asarray((z[fitted.order :] - fitted.predict(z, origins, 1)[:, 0]) * scaling.width)


def _errors(y: Numbers, transform: Transform, d: int, season: int, horizon: int) -> Numbers | None:
    """Return the mean error (N,) of an autoregression's forecasts from N origins in the end of a series."""
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
    found = np.array(errors)
    return found if np.isfinite(found).all() else None


def _naive_errors(y: Numbers, season: int, horizon: int) -> Numbers | None:
    """Return the same of the seasonal naive forecast."""
    origins = _origins(y, horizon)
    if not origins or origins[0] < season:
        return None
    actual = np.stack([y[o : o + horizon] for o in origins])
    return np.asarray(np.abs(seasonal_naive(y, origins, horizon, season) - actual).mean(axis=1))


def _origins(y: Numbers, horizon: int) -> range:
    """Return the origins of the forecasts that are compared; none where too few fit."""
    end = len(y) - int(INNER * len(y))
    if len(y) - end < ENOUGH * horizon:
        return range(0)
    return range(end, len(y) - horizon + 1, max(1, (len(y) - end) // ORIGINS))
