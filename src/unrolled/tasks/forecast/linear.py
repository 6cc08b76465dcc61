"""The linear part of a forecaster: an autoregression or the naive forecast, whose errors are learnt."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unrolled.baselines import Autoregression
from unrolled.data.scaling import Scaling
from unrolled.data.series import Numbers
from unrolled.errors import DataError
from unrolled.tasks.forecast.artifacts import FittedAutoregression, LinearPart, SeriesArtifacts
from unrolled.tasks.forecast.data import PreparedSeries

ROWS = 4096
"""Origins that are forecast at once."""
SMALLEST = 1e-9
"""Spread on the scale of the network that is more than rounding."""


def naive_part(season: int) -> FittedAutoregression:
    """Return the autoregression that repeats the value one season before."""
    return FittedAutoregression(0.0, [0.0] * (season - 1) + [1.0])


def fit_linear(p: PreparedSeries, fitted: FittedAutoregression, end: int) -> LinearPart:
    """Return the linear part, with the spread of what it leaves of the targets up to step ``end``.

    The spread is 1 where nothing is left: of a constant, or of a season that repeats itself.
    """
    horizon = p.targets.shape[1]
    left = (p.targets - _forecasts(p, fitted, horizon))[: max(end - horizon, 0)]
    left = left[np.isfinite(left)]
    size = float(np.sqrt(np.mean(np.square(left)))) if len(left) else 0.0
    return LinearPart(fitted.intercept, fitted.coefficients, size if size > SMALLEST else 1.0)


def with_linear(p: PreparedSeries, learned: SeriesArtifacts) -> PreparedSeries:
    """Return a direct series whose targets are what its linear part leaves over, of spread 1 in training.

    Raises:
        DataError: if the series is shorter than the linear part looks back.
    """
    part = learned.linear
    if part is None:
        return p
    linear = _forecasts(p, part, p.targets.shape[1])
    whole = np.flatnonzero(np.isfinite(linear).all(axis=1))
    if not len(whole):
        raise DataError(
            f"series {p.series.name!r}: {p.series.steps} steps are too few to forecast from: the linear part "
            f"of the model reads the last {len(part.coefficients) + p.scaling.difference}"
        )
    targets = (p.targets - linear) / part.spread
    first = max(p.first, int(whole[0]))
    return replace(p, targets=targets, first=first, linear=linear, spread=part.spread)


def _forecasts(p: PreparedSeries, fitted: FittedAutoregression | LinearPart, horizon: int) -> Numbers:
    """Return z (T, H) as forecast from every row, in the form of direct targets.

    NaN where fewer values than its order are known, or where it explodes.
    """
    model = Autoregression(fitted.intercept, np.asarray(fitted.coefficients))
    z = p.scaling.apply(p.series.target)
    origins: Sequence[int] = range(1, len(z) + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [model.predict(z, origins[i : i + ROWS], horizon) for i in range(0, len(z), ROWS)]
        found = _as_direct(np.concatenate(parts), p.scaling)
    return np.where(np.isfinite(found), found, np.nan)


def _as_direct(z: Numbers, scaling: Scaling) -> Numbers:
    """Return changes (…, H) from each step's own predecessor as changes from the last values known."""
    d, horizon = scaling.difference, z.shape[-1]
    if not d or horizon <= d:
        return z
    changes = z * scaling.width + scaling.centre
    for k in range(d, horizon):
        changes[..., k] += changes[..., k - d]
    return np.asarray((changes - scaling.centre) / scaling.width)
