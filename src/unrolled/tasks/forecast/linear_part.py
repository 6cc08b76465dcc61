"""An autoregression with fixed coefficients, as the linear part of a forecaster."""

import math
from dataclasses import dataclass

import numpy as np

from unrolled.baselines import Autoregression
from unrolled.data.series import Numbers

MIN_SPREAD = 1e-9
"""Smallest spread, in scaled units, that is more than rounding error."""


@dataclass(frozen=True)
class LinearPart:
    """z_t = c + Σ_i φ_i z_{t−i} + spread · e_t in scaled units; the network learns e.

    Raises:
        ValueError: if it has no coefficients, or a spread that is not above 0.
    """

    intercept: float
    coefficients: list[float]
    """φ_1, φ_2, …; φ_1 is that of the last value."""
    spread: float = 1.0
    """Root mean square of the residuals in training; 1 if they are 0."""

    def __post_init__(self) -> None:
        if not (self.coefficients and 0 < self.spread < math.inf):
            raise ValueError("a linear part has no coefficients, or a spread that is not above 0")

    @property
    def order(self) -> int:
        """Number of steps that it reads."""
        return len(self.coefficients)

    @property
    def model(self) -> Autoregression:
        """The autoregression without the spread."""
        return Autoregression(self.intercept, np.asarray(self.coefficients))

    def path(self, before: Numbers, e: Numbers) -> Numbers:
        """Return z (…, H) for the steps after ``before`` (≥ order,), with the residuals e (…, H)."""
        p, horizon = self.order, e.shape[-1]
        z = np.empty((*e.shape[:-1], p + horizon))
        z[..., :p] = before[-p:]
        reversed_coefficients = np.asarray(self.coefficients)[::-1]
        for k in range(horizon):
            z[..., p + k] = (
                self.intercept + z[..., k : k + p] @ reversed_coefficients + self.spread * e[..., k]
            )
        return z[..., p:]


def naive_part(season: int) -> LinearPart:
    """Return the linear part that repeats the value one season before."""
    return LinearPart(0.0, [0.0] * (season - 1) + [1.0])


def spread_of(residuals: Numbers) -> float:
    """Return the root mean square of the finite residuals; 1 if they are only rounding errors."""
    residuals = residuals[np.isfinite(residuals)]
    spread = float(np.sqrt(np.mean(np.square(residuals)))) if len(residuals) else 0.0
    return spread if spread > MIN_SPREAD else 1.0
