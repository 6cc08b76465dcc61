"""Test whether a series has a season, by the autocorrelation of its changes."""

from collections.abc import Iterable, Sequence

import numpy as np

from unrolled.data.series import Numbers

LEVEL = 1.645
"""One-sided 95% quantile of the normal distribution."""
MIN_SEASONS = 2
"""Minimum number of seasons in a series."""


def find_season(series: Iterable[Numbers], candidates: Sequence[int]) -> int:
    """Return the candidate with the highest significant autocorrelation, averaged over the series; else 1.

    A season of m steps is significant if r_m of the changes y_t − y_{t−1} is above the limit of Bartlett
    (1946), 1.645 √((1 + 2 Σ_{i<m} r_i²) (n − m)) / n, as in the test of the M4 competition.

    Args:
        series: training parts, (T,) each.
        candidates: seasons to test, in steps.
    """
    changes = [np.diff(y) for y in series]
    best, season = 0.0, 1
    for m in candidates:
        tests = [_correlation_and_limit(d, m) for d in changes if len(d) > MIN_SEASONS * m]
        if not tests:
            continue
        r, limit = np.mean(tests, axis=0)
        if r > limit and r > best:
            best, season = float(r), m
    return season


def _correlation_and_limit(changes: Numbers, m: int) -> tuple[float, float]:
    """Return r_m and its limit of significance."""
    r, n = autocorrelation(changes, m), len(changes)
    return float(r[m]), LEVEL * float(np.sqrt((1 + 2 * np.square(r[1:m]).sum()) * (n - m))) / n


def autocorrelation(values: Numbers, max_lag: int) -> Numbers:
    """Return r_0 … r_max_lag of values (T,), by the fast Fourier transform; zeros for a constant series."""
    x = np.asarray(values, np.float64) - np.mean(values)
    size = 1 << (len(x) + max_lag).bit_length()
    power = np.abs(np.fft.rfft(x / (np.abs(x).max() or 1.0), size)) ** 2
    c = np.fft.irfft(power, size)[: max_lag + 1]
    return c / c[0] if c[0] > 0 else np.zeros(max_lag + 1)
