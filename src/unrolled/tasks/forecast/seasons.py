"""Whether a series has the season that its frequency suggests: the autocorrelation of its changes."""

from collections.abc import Iterable, Sequence

import numpy as np

from unrolled.data.series import Numbers

LEVEL = 1.645
"""Of a normal distribution, one-sided 95%."""
WHOLE = 2
"""Seasons that the series holds at least."""


def find_season(series: Iterable[Numbers], candidates: Sequence[int]) -> int:
    """Return the season that the changes of most correlation show, on average over the series; or 1.

    A season of m steps is there where r_m of the changes y_t − y_{t−1} is beyond the limit of Bartlett
    (1946), 1.645 √((1 + 2 Σ_{i<m} r_i²) (n − m)) / n, as in the M4 competition's test.

    Args:
        series: (T,) each, the training parts.
        candidates: seasons to test, in steps.
    """
    changes = [np.diff(y) for y in series]
    best, season = 0.0, 1
    for m in candidates:
        found = [_beyond_limit(d, m) for d in changes if len(d) > WHOLE * m]
        if not found:
            continue
        r, limit = np.mean(found, axis=0)
        if r > limit and r > best:
            best, season = float(r), m
    return season


def _beyond_limit(changes: Numbers, m: int) -> tuple[float, float]:
    """Return r_m and its limit."""
    r, n = autocorrelation(changes, m), len(changes)
    return float(r[m]), LEVEL * float(np.sqrt((1 + 2 * np.square(r[1:m]).sum()) * (n - m))) / n


def autocorrelation(values: Numbers, most: int) -> Numbers:
    """Return r_0 … r_most of values (T,), by the fast Fourier transform; 0 for a constant."""
    x = np.asarray(values, np.float64) - np.mean(values)
    size = 1 << (len(x) + most).bit_length()
    power = np.abs(np.fft.rfft(x / (np.abs(x).max() or 1.0), size)) ** 2
    c = np.fft.irfft(power, size)[: most + 1]
    return c / c[0] if c[0] > 0 else np.zeros(most + 1)
