"""Baseline forecasts from the same origins as the forecaster's."""

from collections.abc import Sequence

import numpy as np

from unrolled.baselines import Autoregression, drift, random_walk, seasonal_naive
from unrolled.baselines.autoregression import largest_order
from unrolled.data.series import Numbers
from unrolled.tasks.forecast.artifacts import FittedAutoregression, ForecasterArtifacts
from unrolled.tasks.forecast.data import PreparedSeries

KEYS = ("seasonal_naive", "random_walk", "drift", "autoregression")
DIVERGED = 1e100
"""Absolute value from which a forecast counts as diverged."""


def fit_autoregression(p: PreparedSeries, end: int, season: int) -> FittedAutoregression | None:
    """Fit an autoregression to the first ``end`` steps of a series; None if there are too few."""
    z = p.scaling.apply(p.series.target)[p.scaling.difference : end]
    if not largest_order(len(z)):
        return None
    model = Autoregression.fit(z, season=season)
    return FittedAutoregression(model.intercept, model.coefficients.tolist())


def baseline_forecasts(
    p: PreparedSeries, origins: Sequence[int], horizon: int, artifacts: ForecasterArtifacts
) -> dict[str, Numbers]:
    """Return the forecasts (N, H) of each baseline by its key; see :func:`baseline_forecast`."""
    return {name: baseline_forecast(name, p, origins, horizon, artifacts) for name in KEYS}


def baseline_forecast(
    name: str, p: PreparedSeries, origins: Sequence[int], horizon: int, artifacts: ForecasterArtifacts
) -> Numbers:
    """Return the forecasts (N, H) of a baseline, in data units; NaN if it has none.

    Args:
        name: key of the baseline.
        p: the series.
        origins: the first step of each forecast.
        horizon: H.
        artifacts: artifacts with the season and the autoregressions.
    """
    y = p.series.target
    match name:
        case "seasonal_naive":
            return seasonal_naive(y, origins, horizon, artifacts.season)
        case "random_walk":
            return random_walk(y, origins, horizon)
        case "drift":
            return drift(y, origins, horizon)
        case "autoregression":
            fitted = artifacts.series[p.series.name].autoregression
            return _forecast_autoregression(p, origins, horizon, fitted)
    raise AssertionError(name)


def _forecast_autoregression(
    p: PreparedSeries, origins: Sequence[int], horizon: int, fitted: FittedAutoregression | None
) -> Numbers:
    forecasts = np.full((len(origins), horizon), np.nan)
    if fitted is None:
        return forecasts
    model = Autoregression(fitted.intercept, np.asarray(fitted.coefficients))
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging forecast becomes NaN
        z = model.predict(p.scaling.apply(p.series.target), origins, horizon)
        for i, origin in enumerate(origins):
            forecasts[i] = p.scaling.invert(z[i], p.series.target[:origin], cumulative=True)
    return np.where(np.abs(forecasts) < DIVERGED, forecasts, np.nan)
