"""The linear part of a forecaster: an autoregression, whose errors the network learns."""

from dataclasses import replace

import numpy as np

from unrolled.baselines import Autoregression
from unrolled.data.scaling import Scaling
from unrolled.data.series import Numbers
from unrolled.tasks.forecast.artifacts import FittedAutoregression, SeriesArtifacts
from unrolled.tasks.forecast.data import PreparedSeries

ROWS = 4096
"""Origins that are forecast at once."""
LAST_VALUE = FittedAutoregression(0.0, [1.0])
"""Of a series that is too short for an autoregression."""

SMALLEST = 1e-9
"""Spread on the scale of the network that is more than rounding."""


def linear_forecasts(p: PreparedSeries, fitted: FittedAutoregression | None, horizon: int) -> Numbers:
    """Return z (T, H) as the autoregression forecasts it from every row, in the form of direct targets.

    NaN where fewer values than its order are known, or where it explodes.
    """
    used = fitted or LAST_VALUE
    model = Autoregression(used.intercept, np.asarray(used.coefficients))
    z = p.scaling.apply(p.series.target)
    origins = np.arange(1, len(z) + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [model.predict(z, origins[i : i + ROWS], horizon) for i in range(0, len(z), ROWS)]
        found = _as_direct(np.concatenate(parts), p.scaling)
    return np.where(np.isfinite(found), found, np.nan)


def fit_spread(p: PreparedSeries, fitted: FittedAutoregression | None, end: int) -> float:
    """Return the root mean square of what the autoregression leaves of the targets up to step ``end``; or 1.

    It is 1 where nothing is left: of a constant, or a series of one season after another.
    """
    horizon = p.targets.shape[1]
    left = (p.targets - linear_forecasts(p, fitted, horizon))[: max(end - horizon, 0)]
    left = left[np.isfinite(left)]
    size = float(np.sqrt(np.mean(np.square(left)))) if len(left) else 0.0
    return size if size > SMALLEST else 1.0


def with_linear(p: PreparedSeries, learned: SeriesArtifacts) -> PreparedSeries:
    """Return a direct series whose targets are what the autoregression leaves over, of spread 1 in training."""
    if learned.linear_spread is None:
        return p
    linear = linear_forecasts(p, learned.autoregression, p.targets.shape[1])
    whole = np.isfinite(linear).all(axis=1)
    first = max(p.first, int(np.argmax(whole)) if whole.any() else len(whole))
    targets = (p.targets - linear) / learned.linear_spread
    return replace(p, targets=targets, first=first, linear=linear, spread=learned.linear_spread)


def _as_direct(z: Numbers, scaling: Scaling) -> Numbers:
    """Return changes (…, H) from each step's own predecessor as changes from the last values known."""
    d, horizon = scaling.difference, z.shape[-1]
    if not d or horizon <= d:
        return z
    changes = z * scaling.width + scaling.centre
    for k in range(d, horizon):
        changes[..., k] += changes[..., k - d]
    return np.asarray((changes - scaling.centre) / scaling.width)
