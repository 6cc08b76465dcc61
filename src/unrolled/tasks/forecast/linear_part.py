"""An autoregression with given numbers, as the linear part of a forecaster."""

import math
from dataclasses import dataclass

import numpy as np

from unrolled.baselines import Autoregression
from unrolled.data.series import Numbers

SMALLEST = 1e-9
"""Spread on the scale of the network that is more than rounding."""


@dataclass(frozen=True)
class LinearPart:
    """z_t = c + Σ_i φ_i z_{t−i} + spread · e_t on the scale of the network, which learns e.

    Raises:
        ValueError: if it has no coefficients, or a spread that is not above 0.
    """

    intercept: float
    coefficients: list[float]
    """φ, of the last value first."""
    spread: float = 1.0
    """Root mean square of what it leaves of the targets in training; 1 where that is nothing."""

    def __post_init__(self) -> None:
        if not (self.coefficients and 0 < self.spread < math.inf):
            raise ValueError("a linear part has no coefficients, or a spread that is not above 0")

    @property
    def order(self) -> int:
        """Return the steps that it looks back."""
        return len(self.coefficients)

    @property
    def model(self) -> Autoregression:
        """Return the autoregression alone."""
        return Autoregression(self.intercept, np.asarray(self.coefficients))

    def path(self, before: Numbers, e: Numbers) -> Numbers:
        """Return z (…, H) of the steps after ``before`` (≥ order,), from what is added to each, e (…, H)."""
        p, horizon = self.order, e.shape[-1]
        z = np.empty((*e.shape[:-1], p + horizon))
        z[..., :p] = before[-p:]
        backwards = np.asarray(self.coefficients)[::-1]
        for k in range(horizon):
            z[..., p + k] = self.intercept + z[..., k : k + p] @ backwards + self.spread * e[..., k]
        return z[..., p:]


def naive_part(season: int) -> LinearPart:
    """Return the part that repeats the value one season before."""
    return LinearPart(0.0, [0.0] * (season - 1) + [1.0])


def spread_of(left: Numbers) -> float:
    """Return the root mean square of the finite numbers; 1 if they are nothing but rounding."""
    left = left[np.isfinite(left)]
    size = float(np.sqrt(np.mean(np.square(left)))) if len(left) else 0.0
    return size if size > SMALLEST else 1.0
