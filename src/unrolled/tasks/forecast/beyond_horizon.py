"""Forecast beyond the horizon of a direct network: one horizon after another, from its own forecasts."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from unrolled.data.series import Numbers, Series
from unrolled.tasks.forecast.rolling import Forecasts


def append_values(s: Series, values: Numbers) -> Series:
    """Append values (H,) to a series without past covariates, as if they were observed."""
    steps = s.steps + len(values)
    index = s.index if len(s.index) >= steps else s.stamps(steps)
    target, past = np.concatenate([s.target, values]), np.empty((steps, 0))
    return replace(s, index=index, target=target, past=past)


def forecast_far(
    series: Sequence[Series],
    steps: int,
    horizon: int,
    forecast_from_ends: Callable[[Sequence[Series], int], Sequence[Forecasts]],
) -> list[Forecasts]:
    """Return point forecasts of ``steps`` steps from the end of each series.

    Args:
        series: the series.
        steps: number of steps to forecast.
        horizon: H, the horizon of the network.
        forecast_from_ends: function that forecasts up to H steps from the end of each series.
    """
    points: list[Numbers] = []  # (N, up to H) each
    for begin in range(0, steps, horizon):
        forecasts = forecast_from_ends(series, min(steps - begin, horizon))
        points.append(np.concatenate([f.point for f in forecasts]))
        series = [append_values(s, f.point[0]) for s, f in zip(series, forecasts, strict=True)]
    return [Forecasts(point[None]) for point in np.concatenate(points, axis=1)]
