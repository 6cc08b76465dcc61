"""Scale a series for the network and back: transform, difference, then standardise.

All statistics are computed on the training part only.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from unrolled.data.series import Numbers
from unrolled.errors import DataError
from unrolled.wording import counted

Transform = Literal["none", "log", "sqrt"]
Scale = Literal["standard", "minmax", "none"]


@dataclass(frozen=True)
class Scaling:
    """Invertible scaling: z_t = (g_t − g_{t−d} − centre) / width with g = log y, √y or y.

    With d = 0 there is no difference: z_t = (g_t − centre) / width.
    """

    transform: Transform
    difference: int
    centre: float
    width: float

    @classmethod
    def fit(cls, values: Numbers, transform: Transform, difference: int, scale: Scale) -> Self:
        """Compute centre and width from the training part of a series (T,).

        ``standard`` scales to mean 0 and standard deviation 1, ``minmax`` to [0, 1].
        """
        changes = _difference(_forward(values, transform), difference)[difference:]
        centre, width = 0.0, 1.0
        if scale == "standard":
            unit = 2.0 ** min(int(np.frexp(np.abs(changes).max())[1]), 1023)  # so that squares don't overflow
            centre, width = unit * float((changes / unit).mean()), unit * float((changes / unit).std())
        elif scale == "minmax":
            centre, width = float(changes.min()), float(np.ptp(changes))
        if width <= 1e-12 * abs(centre):
            width = 1.0  # a constant series stays constant
        return cls(transform, difference, centre, width)

    def apply(self, values: Numbers) -> Numbers:
        """Return the scaled values z (T,); the first d steps have no difference and are NaN."""
        return (_difference(_forward(values, self.transform), self.difference) - self.centre) / self.width

    def invert(self, z: Numbers, before: Numbers, *, cumulative: bool) -> Numbers:
        """Return forecasts in data units.

        Args:
            z: scaled forecasts of the H steps after an origin, (…, H).
            before: at least d values up to the origin, in data units.
            cumulative: True if each z is the difference from the value d steps before it, which may be a
                forecast; False if it is the difference from the latest value up to the origin that is a
                whole multiple of d steps before it.
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
        """Return the scaled targets of all horizons, (T, H): row t has the steps t + 1 … t + H.

        The differences are those that :meth:`invert` undoes with ``cumulative=False``. NaN if a step is after
        the end of the series or has no difference.
        """
        g = _forward(values, self.transform)
        d = self.difference
        targets = np.full((len(g), horizon), np.nan)
        for k in range(1, min(horizon, len(g) - 1) + 1):
            targets[:-k, k - 1] = g[k:]
            if d:
                lag = k - d * math.ceil(k / d)  # offset of the reference step from t, at most 0
                reference = np.full(len(g), np.nan)
                reference[-lag:] = g[: len(g) + lag]
                targets[:, k - 1] -= reference
        return (targets - self.centre) / self.width


def check_positive(values: Numbers, transform: Transform, where: str) -> None:
    """Raise DataError if a value has no logarithm or square root."""
    bad = values <= 0 if transform == "log" else values < 0 if transform == "sqrt" else np.zeros(0, bool)
    if bad.any():
        count = int(bad.sum())
        raise DataError(
            f"{where}: {counted(count, 'value')} {'has' if count == 1 else 'have'} no {transform} (the first "
            f"is {values[int(np.argmax(bad))]:g}); choose another transform"
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
    differences = np.full(len(g), np.nan)
    differences[lag:] = g[lag:] - g[:-lag]
    return differences
