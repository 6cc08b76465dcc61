"""Naive forecasts: the last value, the last value with drift, and the value one season ago."""

from collections.abc import Sequence

import numpy as np

from unrolled.arrays import Numbers


def random_walk(values: Numbers, origins: Sequence[int], horizon: int) -> Numbers:
    """Return forecasts (origins, H): the last value before each origin, repeated H times.

    Args:
        values: (T,).
        origins: the first step of each forecast, from 1.
        horizon: H.
    """
    last = np.asarray(values)[np.asarray(origins) - 1]
    return np.repeat(last[:, None], horizon, axis=1)


def drift(values: Numbers, origins: Sequence[int], horizon: int) -> Numbers:
    """Return forecasts (origins, H): the last value before each origin plus the mean change per step.

    ŷ_{n+k} = y_n + k (y_n − y_1) / (n − 1), the line from the first value through the last (Hyndman &
    Athanasopoulos 2021, Forecasting: Principles and Practice, 5.2). NaN if there is only one value before an
    origin.

    Args:
        values: (T,).
        origins: the first step of each forecast, n, from 1.
        horizon: H.
    """
    y, start = np.asarray(values, np.float64), np.asarray(origins)
    last = y[start - 1]
    change = np.where(start > 1, last - y[0], np.nan) / np.maximum(start - 1, 1)
    return last[:, None] + change[:, None] * np.arange(1, horizon + 1)


def seasonal_naive(values: Numbers, origins: Sequence[int], horizon: int, season: int) -> Numbers:
    """Return forecasts (origins, H): the last value before the origin at the same position in the season.

    NaN if there is less than a full season before an origin.

    Args:
        values: (T,).
        origins: the first step of each forecast.
        horizon: H.
        season: m, number of steps of a season; 1 gives the random walk.
    """
    start = np.asarray(origins)[:, None]
    place = start - season + np.arange(horizon) % season
    return np.where(place >= 0, np.asarray(values, np.float64)[np.maximum(place, 0)], np.nan)
