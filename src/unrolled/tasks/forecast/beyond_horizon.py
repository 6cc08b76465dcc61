"""Forecast beyond the horizon of a direct network: one horizon after another, from its own forecasts."""

from collections.abc import Callable
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
    s: Series, steps: int, horizon: int, forecast_from_end: Callable[[Series, int], Forecasts]
) -> Forecasts:
    """Return point forecasts of ``steps`` steps from the end of a series.

    Args:
        s: the series.
        steps: number of steps to forecast.
        horizon: H, the horizon of the network.
        forecast_from_end: function that forecasts up to H steps from the end of a series.
    """
    points: list[Numbers] = []
    while (remaining := steps - sum(map(len, points))) > 0:
        points.append(forecast_from_end(s, min(remaining, horizon)).point[0])
        s = append_values(s, points[-1])
    return Forecasts(np.concatenate(points)[None])
