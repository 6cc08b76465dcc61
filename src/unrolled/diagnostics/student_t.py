"""Quantiles of Student's t distribution with integer degrees of freedom."""

import math

import numpy as np

PRECISION = 1e-13
"""Relative width of the interval at which the search for a quantile ends."""


def upper_quantile(p: float, degrees: int) -> float:
    """Return the value that a t-distributed variable exceeds with probability p.

    Args:
        p: probability, in (0, 1/2].
        degrees: degrees of freedom, at least 1.
    """
    low, high = 0.0, 1.0
    while upper_tail(high, degrees) > p:
        low, high = high, 2 * high
    while high - low > PRECISION * high:
        middle = (low + high) / 2
        low, high = (middle, high) if upper_tail(middle, degrees) > p else (low, middle)
    return (low + high) / 2


def upper_tail(t: float, degrees: int) -> float:
    """Return the probability that a t-distributed variable exceeds t ≥ 0.

    Computed by the finite series in powers of the cosine of arctan(t / √degrees) (Abramowitz & Stegun 1964,
    26.7.3-4).
    """
    angle = math.atan2(t, math.sqrt(degrees))
    if degrees == 1:
        return 0.5 - angle / math.pi
    odd = degrees % 2
    factors = np.arange(2 + odd, degrees, 2)
    series = 1 + float(np.cumprod((factors - 1) / factors * math.cos(angle) ** 2).sum())
    if odd:
        return 0.5 - (angle + math.sin(angle) * math.cos(angle) * series) / math.pi
    return 0.5 - math.sin(angle) * series / 2
