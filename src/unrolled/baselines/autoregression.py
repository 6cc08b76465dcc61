"""Linear autoregression, fitted by least squares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from unrolled.arrays import Numbers
from unrolled.config import require
from unrolled.errors import DataError

PER_PARAMETER = 3
"""Minimum number of observations per parameter."""
ROWS = 8192
"""Number of rows of the regression that are processed at a time."""


@dataclass(frozen=True, eq=False)
class Autoregression:
    """Autoregressive model: y_t = c + Σ_i φ_i y_{t−i}, i = 1 … p.

    The model is not constrained to be stationary: the forecasts of a growing series grow.
    """

    intercept: float
    """c"""
    coefficients: Numbers
    """φ (p,), the coefficient of the most recent value first."""

    @classmethod
    def fit(cls, values: Numbers, max_order: int | None = None, *, season: int = 1) -> Self:
        """Fit the model by least squares; the order is chosen by Schwarz's criterion (BIC).

        BIC(p) = n ln(RSS_p / n) + (p + 1) ln n is computed for every order from 1 on the same n = T −
        max_order values (Schwarz 1978; Hannan 1980 proves that it is consistent). Akaike's criterion (1974),
        with a penalty of 2 per parameter, chooses far too large orders unless the largest order is small
        compared with n (Hurvich & Tsai 1989). The model of the chosen order is then fitted to all T − p
        values.

        Args:
            values: (T,), the training data.
            max_order: the largest order to try. None means :func:`default_order`, which covers two seasons,
                so that seasonal terms can be found.
            season: number of steps of a season, for the default of ``max_order``.

        Raises:
            DataError: if a value is not finite, or there are fewer than three values per parameter.
            ConfigError: if ``max_order`` is less than 1.
        """
        require(max_order is None or max_order >= 1, f"max_order={max_order}: must be at least 1")
        y = np.asarray(values, np.float64)
        if not np.isfinite(y).all():
            raise DataError(f"autoregression: value {int(np.argmin(np.isfinite(y)))} is not finite")
        highest = max(default_order(len(y), season), 1) if max_order is None else max_order
        if highest > largest_order(len(y)):
            raise DataError(
                f"autoregression: {len(y)} values are too few for max_order={highest}, which needs {highest} "
                f"and {PER_PARAMETER} more for each of its {highest + 1} parameters"
            )
        centre, width = float(y.mean()), float(y.std())
        if width <= 1e-12 * abs(centre):
            width = 1.0  # a constant series
        z = (y - centre) / width  # standardised, for the numerical accuracy of the regression
        full = _qr_triangle(z, highest)
        order = _choose_order(full, len(z) - highest)
        r = full if order == highest else _qr_triangle(z, order)
        beta = np.linalg.lstsq(r[:-1, :-1], r[:-1, -1], rcond=None)[0]
        phi = np.asarray(beta[1:], np.float64)
        return cls(float(width * beta[0] + centre * (1.0 - phi.sum())), phi)

    @property
    def order(self) -> int:
        """The order p."""
        return len(self.coefficients)

    def predict(self, values: Numbers, origins: Sequence[int], horizon: int) -> Numbers:
        """Return forecasts (origins, H): each step uses the values before its origin and earlier forecasts.

        Forecasts are NaN if the series has fewer than p values before an origin.

        Args:
            values: (T,); a forecast only uses the values before its origin.
            origins: the first step of each forecast.
            horizon: H.
        """
        p, start = self.order, np.asarray(origins)
        place = start[:, None] + np.arange(-p, 0)
        past = np.asarray(values, np.float64)[np.maximum(place, 0)]
        path = np.concatenate([np.where(place >= 0, past, np.nan), np.empty((len(start), horizon))], axis=1)
        backwards = self.coefficients[::-1]
        for k in range(horizon):
            path[:, p + k] = self.intercept + path[:, k : k + p] @ backwards
        return path[:, p:]


def default_order(steps: int, season: int = 1) -> int:
    """Return the larger of two seasons plus one step and 10 log10 T, limited by the length of the series.

    Two seasons plus one step is the reach of a seasonal difference times an ordinary difference. 10 log10 T
    is the usual limit without a season (as in R's ``ar``). Return 0 if the series is too short for any order.
    """
    without_season = int(10 * np.log10(max(steps, 1)))
    return min(max(2 * season + 1, without_season), largest_order(steps))


def largest_order(steps: int) -> int:
    """Return the largest order P with at least three of T − P values for each of P + 1 parameters; or 0."""
    return max((steps - PER_PARAMETER) // (PER_PARAMETER + 1), 0)


def _qr_triangle(z: Numbers, order: int) -> Numbers:
    """Return R (p + 2, p + 2) of the QR decomposition of the rows (1, z_{t−1}, …, z_{t−p}, z_t) for t ≥ p."""
    r: Numbers = np.empty((0, order + 2))
    windows = np.lib.stride_tricks.sliding_window_view(z, order + 1)[:, ::-1]  # z_t, z_{t−1}, …, z_{t−p}
    for i in range(0, len(windows), ROWS):
        rows = windows[i : i + ROWS]
        ones = np.ones((len(rows), 1))
        block = np.hstack([ones, rows[:, 1:], rows[:, :1]])
        r = np.asarray(np.linalg.qr(np.concatenate([r, block]), mode="r"))
    return r


def _choose_order(r: Numbers, count: int) -> int:
    """Return the order with the smallest BIC.

    The residual of the last column after regression on the first p + 1 columns is the lower part of its
    column in R, so one decomposition gives the residuals of all orders.
    """
    rss = np.cumsum(np.square(r[::-1, -1]))[::-1][2:]  # of orders 1 … P
    orders = np.arange(1, len(rss) + 1)
    exact = 1e-24 * count  # smaller sums are rounding errors, since z has standard deviation 1
    bic = count * np.log(np.maximum(rss, exact) / count) + (orders + 1) * np.log(count)
    return int(orders[np.argmin(bic)])
