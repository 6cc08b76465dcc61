"""Forecasts to stand beside a forecaster's, from the same origins."""

from collections.abc import Sequence

import numpy as np

from unrolled.baselines import Autoregression, drift, random_walk, seasonal_naive
from unrolled.baselines.autoregression import largest_order
from unrolled.data.series import Numbers
from unrolled.tasks.forecast.artifacts import FittedAutoregression, ForecasterArtifacts
from unrolled.tasks.forecast.data import PreparedSeries

KEYS = ("seasonal_naive", "random_walk", "drift", "autoregression")
EXPLODED = 1e100
"""From here on a forecast is none."""


def fit_autoregression(p: PreparedSeries, end: int, season: int) -> FittedAutoregression | None:
    """Fit an autoregression to the first ``end`` steps of a series; None if they are too few."""
    z = p.scaling.apply(p.series.target)[p.scaling.difference : end]
    if not largest_order(len(z)):
        return None
    found = Autoregression.fit(z, season=season)
    return FittedAutoregression(found.intercept, found.coefficients.tolist())


def baseline_forecasts(
    p: PreparedSeries, origins: Sequence[int], horizon: int, learned: ForecasterArtifacts
) -> dict[str, Numbers]:
    """Return (N, H) of each baseline, by its key; see :func:`baseline_forecast`."""
    return {name: baseline_forecast(name, p, origins, horizon, learned) for name in KEYS}


def baseline_forecast(
    name: str, p: PreparedSeries, origins: Sequence[int], horizon: int, learned: ForecasterArtifacts
) -> Numbers:
    """Return (N, H) of a baseline, on the scale of the data; NaN where it says nothing.

    Args:
        name: its key.
        p: the series.
        origins: the first step of each forecast.
        horizon: H.
        learned: the season and the autoregression.
    """
    y = p.series.target
    match name:
        case "seasonal_naive":
            return seasonal_naive(y, origins, horizon, learned.season)
        case "random_walk":
            return random_walk(y, origins, horizon)
        case "drift":
            return drift(y, origins, horizon)
        case "autoregression":
            fitted = learned.series[p.series.name].autoregression
            return _autoregression(p, origins, horizon, fitted)
    raise AssertionError(name)


def _autoregression(
    p: PreparedSeries, origins: Sequence[int], horizon: int, fitted: FittedAutoregression | None
) -> Numbers:
    found = np.full((len(origins), horizon), np.nan)
    if fitted is None:
        return found
    model = Autoregression(fitted.intercept, np.asarray(fitted.coefficients))
    with np.errstate(over="ignore", invalid="ignore"):  # one that explodes has no figures
        z = model.predict(p.scaling.apply(p.series.target), origins, horizon)
        for i, origin in enumerate(origins):
            found[i] = p.scaling.invert(z[i], p.series.target[:origin], cumulative=True)
    return np.where(np.abs(found) < EXPLODED, found, np.nan)
