"""Forecasts that need no model: the last value, and the value one season ago."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def random_walk(values: Numbers, origins: Sequence[int], horizon: int) -> Numbers:
    """Return (origins, H): the last value before each origin, H times.

    Args:
        values: (T,).
        origins: the first step of each forecast, from 1.
        horizon: H.
    """
    last = np.asarray(values)[np.asarray(origins) - 1]
    return np.repeat(last[:, None], horizon, axis=1)


def seasonal_naive(values: Numbers, origins: Sequence[int], horizon: int, season: int) -> Numbers:
    """Return (origins, H): for each step the last value before the origin at the same place of the season.

    NaN where the series has no whole season before an origin.

    Args:
        values: (T,).
        origins: the first step of each forecast.
        horizon: H.
        season: m, steps of a season; 1 is the random walk.
    """
    start = np.asarray(origins)[:, None]
    place = start - season + np.arange(horizon) % season
    return np.where(place >= 0, np.asarray(values, np.float64)[np.maximum(place, 0)], np.nan)
