"""A series whose targets are what its linear part leaves over, for the network to learn."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unrolled.data.scaling import Scaling
from unrolled.data.series import Numbers
from unrolled.errors import DataError
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.linear_part import LinearPart, spread_of

ROWS = 4096
"""Origins that are forecast at once."""


def fit_spread(p: PreparedSeries, part: LinearPart, end: int) -> LinearPart:
    """Return the part with the spread of what it leaves of the targets up to step ``end``."""
    rows = max(end - (0 if p.recursive else p.targets.shape[1]), 0)
    return replace(part, spread=spread_of((p.targets - _linear_targets(p, part))[:rows]))


def with_linear(p: PreparedSeries, part: LinearPart | None) -> PreparedSeries:
    """Return a series whose targets are what the part leaves over, of spread 1 in training.

    A recursive network then reads these in place of the values.

    Raises:
        DataError: if the series is shorter than the part looks back.
    """
    if part is None:
        return p
    linear = _linear_targets(p, part)
    reach = part.order + p.scaling.difference + (1 if p.recursive else 0)
    if p.series.steps < reach:
        raise DataError(
            f"series {p.series.name!r}: {p.series.steps} steps are too few to forecast from: the linear part "
            f"of the model reads the last {reach}"
        )
    targets = (p.targets - linear) / part.spread
    if not p.recursive:
        return replace(p, targets=targets, first=max(p.first, reach - 1), linear=linear, part=part)
    inputs = p.inputs.copy()
    inputs[:, 0] = np.concatenate([[np.nan], targets])[: len(inputs)]
    return replace(p, inputs=inputs, targets=targets, first=max(p.first, reach), part=part)


def _linear_targets(p: PreparedSeries, part: LinearPart) -> Numbers:
    """Return the part's forecasts in the form of the targets, (T,) or (T, H).

    NaN where fewer values than its order are known, or where it explodes.
    """
    z = p.scaling.apply(p.series.target)
    origins: Sequence[int] = range(1, len(z) + 1)
    horizon = 1 if p.recursive else p.targets.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        model = part.model
        parts = [model.predict(z, origins[i : i + ROWS], horizon) for i in range(0, len(z), ROWS)]
        found = _as_direct(np.concatenate(parts), p.scaling)
    found = np.where(np.isfinite(found), found, np.nan)
    return np.concatenate([[np.nan], found[:-1, 0]]) if p.recursive else found


def _as_direct(z: Numbers, scaling: Scaling) -> Numbers:
    """Return changes (…, H) from each step's own predecessor as changes from the last values known."""
    d, horizon = scaling.difference, z.shape[-1]
    if not d or horizon <= d:
        return z
    changes = z * scaling.width + scaling.centre
    for k in range(d, horizon):
        changes[..., k] += changes[..., k - d]
    return np.asarray((changes - scaling.centre) / scaling.width)
