"""A linear autoregression: each value from those before it, by least squares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unrolled.config import require
from unrolled.errors import DataError

Numbers = NDArray[np.float64]
PER_PARAMETER = 3
"""Observations that each parameter has at least."""
ROWS = 8192
"""Rows of the regression that are in memory at once."""


@dataclass(frozen=True, eq=False)
class Autoregression:
    """y_t = c + Σ_i φ_i y_{t−i}, i = 1 … p.

    Nothing keeps it stationary: of a series that grows it is a model that grows.
    """

    intercept: float
    """c"""
    coefficients: Numbers
    """φ (p,), of the last value first."""

    @classmethod
    def fit(cls, values: Numbers, max_order: int | None = None, *, season: int = 1) -> Self:
        """Estimate by least squares, of the order that Schwarz's criterion prefers.

        BIC(p) = n ln(RSS_p / n) + (p + 1) ln n of every order from 1 on is taken over the same n = T −
        max_order values (Schwarz 1978; Hannan 1980 shows that the order is found as n grows). Akaike's
        (1974), which charges 2 a parameter, takes far too many where the largest order is no small share of
        n (Hurvich & Tsai 1989). The order that is taken is estimated on all T − p values.

        Args:
            values: (T,), the training part.
            max_order: the largest order that is tried. None takes :func:`default_order`, which reaches
                beyond two seasons, so that seasonal terms are found as others are.
            season: steps of a season, for that.

        Raises:
            DataError: if a value is not finite, or fewer than three values a parameter are left.
            ConfigError: if ``max_order`` is less than 1.
        """
        require(max_order is None or max_order >= 1, f"max_order={max_order}: must be at least 1")
        y = np.asarray(values, np.float64)
        if not np.isfinite(y).all():
            raise DataError(f"autoregression: value {int(np.argmin(np.isfinite(y)))} is not finite")
        most = max(default_order(len(y), season), 1) if max_order is None else max_order
        if most > largest_order(len(y)):
            raise DataError(
                f"autoregression: {len(y)} values are too few for max_order={most}, which needs {most} and "
                f"{PER_PARAMETER} more for each of its {most + 1} parameters"
            )
        centre, width = float(y.mean()), float(y.std())
        if width <= 1e-12 * abs(centre):
            width = 1.0  # a constant stays one
        z = (y - centre) / width  # so that the products of the regression are of one size
        whole = _triangle(z, most)
        order = _choose(whole, len(z) - most)
        r = whole if order == most else _triangle(z, order)
        beta = np.linalg.lstsq(r[:-1, :-1], r[:-1, -1], rcond=None)[0]
        phi = np.asarray(beta[1:], np.float64)
        return cls(float(width * beta[0] + centre * (1.0 - phi.sum())), phi)

    @property
    def order(self) -> int:
        """Return p."""
        return len(self.coefficients)

    def predict(self, values: Numbers, origins: Sequence[int], horizon: int) -> Numbers:
        """Return (origins, H): each step from the values before its origin and the forecasts since.

        NaN where the series has fewer than p values before an origin.

        Args:
            values: (T,); of those from an origin on its forecast knows nothing.
            origins: the first step of each forecast.
            horizon: H.
        """
        p, start = self.order, np.asarray(origins)
        place = start[:, None] + np.arange(-p, 0)
        known = np.asarray(values, np.float64)[np.maximum(place, 0)]
        path = np.concatenate([np.where(place >= 0, known, np.nan), np.empty((len(start), horizon))], axis=1)
        backwards = self.coefficients[::-1]
        for k in range(horizon):
            path[:, p + k] = self.intercept + path[:, k : k + p] @ backwards
        return path[:, p:]


def default_order(steps: int, season: int = 1) -> int:
    """Return two seasons and one step more, or 10 lg T if that is more, as far as the series is long enough.

    Two seasons and a step are what the product of a seasonal and an ordinary change looks back; 10 lg T is
    the usual limit where there is no season (as in R's ``ar``). 0 where the series is too short for any.
    """
    usual = int(10 * np.log10(max(steps, 1)))
    return min(max(2 * season + 1, usual), largest_order(steps))


def largest_order(steps: int) -> int:
    """Return the largest P for which T − P values are at least three for each of P + 1 parameters; or 0."""
    return max((steps - PER_PARAMETER) // (PER_PARAMETER + 1), 0)


def _triangle(z: Numbers, order: int) -> Numbers:
    """Return R (p + 2, p + 2) of the QR decomposition of the rows (1, z_{t−1}, …, z_{t−p}, z_t), t ≥ p."""
    r: Numbers = np.empty((0, order + 2))
    windows = np.lib.stride_tricks.sliding_window_view(z, order + 1)[:, ::-1]  # z_t, z_{t−1}, …, z_{t−p}
    for i in range(0, len(windows), ROWS):
        rows = windows[i : i + ROWS]
        ones = np.ones((len(rows), 1))
        block = np.hstack([ones, rows[:, 1:], rows[:, :1]])
        r = np.asarray(np.linalg.qr(np.concatenate([r, block]), mode="r"))
    return r


def _choose(r: Numbers, count: int) -> int:
    """Return the order of the smallest BIC.

    What the first p + 1 columns leave of the last is the rest of its column in R: one decomposition has the
    residuals of all orders.
    """
    rss = np.cumsum(np.square(r[::-1, -1]))[::-1][2:]  # of orders 1 … P
    orders = np.arange(1, len(rss) + 1)
    exact = 1e-24 * count  # of values of spread 1: rounding, not residuals
    bic = count * np.log(np.maximum(rss, exact) / count) + (orders + 1) * np.log(count)
    return int(orders[np.argmin(bic)])
