"""Forecasts beyond the horizon of a direct network: one horizon after another, each from those before."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unrolled.data.series import Numbers, Series
from unrolled.tasks.forecast.rolling import Forecasts


def extend(s: Series, values: Numbers) -> Series:
    """Return a series without past covariates, with values (H,) after its end, as if they were observed."""
    steps = s.steps + len(values)
    index = s.index if len(s.index) >= steps else s.stamps(steps)
    target, past = np.concatenate([s.target, values]), np.empty((steps, 0))
    return replace(s, index=index, target=target, past=past)


def forecast_far(s: Series, steps: int, horizon: int, ahead: Callable[[Series, int], Forecasts]) -> Forecasts:
    """Return forecasts of one value for ``steps`` steps from the end of a series.

    Args:
        s: the series.
        steps: how many.
        horizon: H, as far as the network reaches at once.
        ahead: forecasts up to H steps from the end of a series.
    """
    points: list[Numbers] = []
    while (left := steps - sum(map(len, points))) > 0:
        points.append(ahead(s, min(left, horizon)).point[0])
        s = extend(s, points[-1])
    return Forecasts(np.concatenate(points)[None])
