"""Replace the targets of a series by the residuals of its linear part, for the network to learn."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unrolled.data.scaling import Scaling
from unrolled.data.series import Numbers
from unrolled.errors import DataError
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.linear_part import LinearPart, spread_of

ORIGINS_PER_CALL = 4096
"""Number of origins that are forecast in one call."""


def fit_spread(p: PreparedSeries, part: LinearPart, end: int) -> LinearPart:
    """Return the linear part with the spread of its residuals up to step ``end``."""
    rows = max(end - (0 if p.recursive else p.targets.shape[1]), 0)
    return replace(part, spread=spread_of((p.targets - _linear_forecasts(p, part))[:rows]))


def with_linear(p: PreparedSeries, part: LinearPart | None) -> PreparedSeries:
    """Return the series with the residuals of the linear part as targets, scaled to spread 1 in training.

    A recursive network then reads residuals instead of values.

    Raises:
        DataError: if the series is shorter than the number of steps that the linear part reads.
    """
    if part is None:
        return p
    forecasts = _linear_forecasts(p, part)
    lookback = part.order + p.scaling.difference + (1 if p.recursive else 0)
    if p.series.steps < lookback:
        raise DataError(
            f"series {p.series.name!r}: {p.series.steps} steps are too few to forecast from: the linear part "
            f"of the model reads the last {lookback}"
        )
    targets = (p.targets - forecasts) / part.spread
    if not p.recursive:
        return replace(
            p, targets=targets, first=max(p.first, lookback - 1), linear_forecasts=forecasts, linear_part=part
        )
    inputs = p.inputs.copy()
    inputs[:, 0] = np.concatenate([[np.nan], targets])[: len(inputs)]
    return replace(p, inputs=inputs, targets=targets, first=max(p.first, lookback), linear_part=part)


def _linear_forecasts(p: PreparedSeries, part: LinearPart) -> Numbers:
    """Return the forecasts of the linear part in the shape of the targets, (T,) or (T, H).

    NaN if fewer values than its order are known, or if it diverges.
    """
    z = p.scaling.apply(p.series.target)
    origins: Sequence[int] = range(1, len(z) + 1)
    horizon = 1 if p.recursive else p.targets.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        model = part.model
        parts = [
            model.predict(z, origins[i : i + ORIGINS_PER_CALL], horizon)
            for i in range(0, len(z), ORIGINS_PER_CALL)
        ]
        forecasts = _as_direct(np.concatenate(parts), p.scaling)
    forecasts = np.where(np.isfinite(forecasts), forecasts, np.nan)
    return np.concatenate([[np.nan], forecasts[:-1, 0]]) if p.recursive else forecasts


def _as_direct(z: Numbers, scaling: Scaling) -> Numbers:
    """Convert changes (…, H) relative to the step before to changes relative to the last known values."""
    d, horizon = scaling.difference, z.shape[-1]
    if not d or horizon <= d:
        return z
    changes = z * scaling.width + scaling.centre
    for k in range(d, horizon):
        changes[..., k] += changes[..., k - d]
    return np.asarray((changes - scaling.centre) / scaling.width)
