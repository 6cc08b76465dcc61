"""A series on the scale of the network and back: transform, differences, then mean 0 and spread 1.

Every number of it is found on the training part alone.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from unrolled.data.series import Numbers
from unrolled.errors import DataError

Transform = Literal["none", "log", "sqrt"]
Scale = Literal["standard", "minmax", "none"]


@dataclass(frozen=True)
class Scaling:
    """z_t = (g_t − g_{t−d} − centre) / width of g = log y, √y or y; no difference where d is 0."""

    transform: Transform
    difference: int
    centre: float
    width: float

    @classmethod
    def fit(cls, values: Numbers, transform: Transform, difference: int, scale: Scale) -> Self:
        """Find centre and width on the training part of a series (T,).

        ``standard`` makes mean 0 and standard deviation 1, ``minmax`` fills [0, 1].
        """
        changes = _difference(_forward(values, transform), difference)[difference:]
        centre, width = 0.0, 1.0
        if scale == "standard":
            unit = 2.0 ** min(int(np.frexp(np.abs(changes).max())[1]), 1023)  # squares need room
            centre, width = unit * float((changes / unit).mean()), unit * float((changes / unit).std())
        elif scale == "minmax":
            centre, width = float(changes.min()), float(np.ptp(changes))
        if width <= 1e-12 * abs(centre):
            width = 1.0  # a constant stays one
        return cls(transform, difference, centre, width)

    def apply(self, values: Numbers) -> Numbers:
        """Return z (T,) of values (T,); NaN in the first d steps, which have no difference."""
        return (_difference(_forward(values, self.transform), self.difference) - self.centre) / self.width

    def invert(self, z: Numbers, before: Numbers, *, cumulative: bool) -> Numbers:
        """Return values of what was forecast.

        Args:
            z: (…, H), the steps from one origin on.
            before: at least d values up to the origin, on the scale of the data.
            cumulative: whether each z is the difference from the step d before it, itself a forecast;
                otherwise from the last value that is known at the origin and as many whole d before it.
        """
        g = z * self.width + self.centre
        d = self.difference
        if d:
            horizon = z.shape[-1]
            blocks = math.ceil(horizon / d)
            padded = np.zeros((*z.shape[:-1], blocks * d))
            padded[..., :horizon] = g
            shaped = padded.reshape(*z.shape[:-1], blocks, d)
            if cumulative:
                shaped = shaped.cumsum(axis=-2)
            shaped = shaped + _forward(before[-d:], self.transform)
            g = shaped.reshape(padded.shape)[..., :horizon]
        return _backward(g, self.transform)

    def direct_targets(self, values: Numbers, horizon: int) -> Numbers:
        """Return z of every step of every horizon, (T, H): row t holds the steps t + 1 … t + H.

        Differences are taken as :meth:`invert` undoes them without ``cumulative``. NaN where a step lies
        beyond the series or there is no difference.
        """
        g = _forward(values, self.transform)
        d = self.difference
        found = np.full((len(g), horizon), np.nan)
        for k in range(1, min(horizon, len(g) - 1) + 1):
            found[:-k, k - 1] = g[k:]
            if d:
                lag = k - d * math.ceil(k / d)  # of the reference, from t; 0 or before
                reference = np.full(len(g), np.nan)
                reference[-lag:] = g[: len(g) + lag]
                found[:, k - 1] -= reference
        return (found - self.centre) / self.width


def check_positive(values: Numbers, transform: Transform, where: str) -> None:
    """Raise DataError if a value has no logarithm or root."""
    bad = values <= 0 if transform == "log" else values < 0 if transform == "sqrt" else np.zeros(0, bool)
    if bad.any():
        raise DataError(
            f"{where}: {int(bad.sum()):,} values have no {transform} (the first is "
            f"{values[int(np.argmax(bad))]:g}); choose another transform"
        )


def _forward(values: Numbers, transform: Transform) -> Numbers:
    if transform == "none":
        return np.asarray(values)
    return np.log(values) if transform == "log" else np.sqrt(values)


def _backward(g: Numbers, transform: Transform) -> Numbers:
    if transform == "none":
        return g
    return np.exp(g) if transform == "log" else np.square(np.maximum(g, 0.0))


def _difference(g: Numbers, lag: int) -> Numbers:
    if not lag:
        return g
    changed = np.full(len(g), np.nan)
    changed[lag:] = g[lag:] - g[:-lag]
    return changed
