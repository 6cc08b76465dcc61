"""Intervals around point forecasts, from the errors on the held-out part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from unrolled.data.series import Numbers
from unrolled.tasks.forecast.rolling import Forecasts

if TYPE_CHECKING:
    import pandas as pd

MIN_FORECASTS = 30
"""Minimum number of forecasts for empirical quantiles of each step. With fewer, the errors are assumed normal
with the same width for all steps."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Widths of the intervals around the forecasts of one series."""

    errors: Numbers
    """(H, Q): quantiles of actual − forecast for each step."""

    @classmethod
    def fit(cls, errors: Numbers, levels: Sequence[float]) -> Self:
        """Fit intervals to the errors (N, H) of N forecasts."""
        count, horizon = errors.shape
        if count >= MIN_FORECASTS:
            return cls(np.quantile(errors, levels, axis=0, method="median_unbiased").T)
        width = float(np.sqrt(np.mean(np.square(errors))))
        normal = [width * NormalDist().inv_cdf(q) for q in levels]
        return cls(np.tile(normal, (horizon, 1)))

    def around(self, forecasts: Forecasts) -> Forecasts:
        """Add quantiles to point forecasts; beyond H they widen with the square root of the step."""
        steps, horizon = forecasts.point.shape[1], len(self.errors)
        row = np.minimum(np.arange(steps), horizon - 1)
        widening = np.sqrt(np.maximum(np.arange(1, steps + 1) / horizon, 1.0))
        errors = self.errors[row] * widening[:, None]
        return replace(forecasts, quantiles=forecasts.point[..., None] + errors)


def fit_intervals(table: "pd.DataFrame", levels: Sequence[float]) -> dict[str, list[list[float]]]:
    """Fit intervals to every series in the table of a backtest; return them for JSON."""
    horizon = int(table["step"].max())
    return {
        str(name): Intervals.fit(
            (rows["actual"] - rows["prediction"]).to_numpy(float).reshape(-1, horizon), levels
        ).errors.tolist()
        for name, rows in table.groupby("series", sort=False)
    }


def intervals_of(result: Mapping[str, Any], name: str) -> Intervals | None:
    """Return the intervals of a series from ``result.json``; None if there are none."""
    errors = result.get("intervals", {}).get(name)
    return None if errors is None else Intervals(np.asarray(errors, np.float64))
