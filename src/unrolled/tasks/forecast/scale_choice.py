"""Which transform and which differences suit series: by what an autoregression makes of them."""

from collections.abc import Sequence

import numpy as np

from unrolled.baselines import Autoregression
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
        changes = []
        for y, base in zip(recent, plain, strict=True):
            errors = _errors(y, transform, d, season, horizon)
            if base is not None and errors is not None:
                changes.append((errors - base) / (base.mean() or 1.0))
        if not changes:
            continue
        mean, error = paired_difference(changes, lags=horizon - 1)
        if mean < best and mean + CLEARLY * error < 0:
            best, chosen = mean, d
    return chosen


def _gain_of_log(y: Numbers, season: int) -> float:
    """Return by how much the log-likelihood of a series rises with the logarithm; 0 where none is known."""
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
    """Return the mean error (N,) of the forecasts from N origins in the end of a series."""
    end = len(y) - max(int(INNER * len(y)), horizon)
    if end <= d or not largest_order(end - d):
        return None
    scaling = Scaling.fit(y[:end], transform, d, "standard")
    z = scaling.apply(y)
    fitted = Autoregression.fit(z[d:end], season=season)
    origins = range(end, len(y) - horizon + 1, max(1, (len(y) - end) // ORIGINS))
    if (len(y) - end) < ENOUGH * horizon:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        paths = fitted.predict(z, origins, horizon)
        errors = [
            np.abs(scaling.invert(path, y[:o], cumulative=True) - y[o : o + horizon]).mean()
            for o, path in zip(origins, paths, strict=True)
        ]
    found = np.array(errors)
    return found if np.isfinite(found).all() else None
