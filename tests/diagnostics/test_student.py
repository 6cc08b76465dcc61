"""Quantiles of Student's t, checked against SciPy."""

import pytest
from scipy import stats

from unrolled.diagnostics.student_t import upper_quantile, upper_tail


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 15, 16, 511, 5000])
def test_tails_and_quantiles_equal_scipy(degrees):
    for t in (0.0, 0.1, 1.0, 2.5, 6.0):
        assert upper_tail(t, degrees) == pytest.approx(stats.t.sf(t, degrees), abs=1e-13)
    for p in (0.5, 0.05, 0.05 / 17, 1e-4):
        assert upper_quantile(p, degrees) == pytest.approx(stats.t.isf(p, degrees), rel=1e-9, abs=1e-12)
