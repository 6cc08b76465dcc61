"""Intervals around forecasts of one value, from the errors on the held-out part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import pandas as pd

from unrolled.data.series import Numbers
from unrolled.tasks.forecast.rolling import Forecasts

ENOUGH = 30
"""Forecasts from which the errors of each step have quantiles of their own; below it they are normal, of one
width for all steps."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Widths of the intervals around the forecasts of one series."""

    errors: Numbers
    """(H, Q): quantiles of actual − forecast of each step."""

    @classmethod
    def fit(cls, errors: Numbers, levels: Sequence[float]) -> Self:
        """Take them from the errors (N, H) of N forecasts."""
        count, horizon = errors.shape
        if count >= ENOUGH:
            return cls(np.quantile(errors, levels, axis=0, method="median_unbiased").T)
        width = float(np.sqrt(np.mean(np.square(errors))))
        normal = [width * NormalDist().inv_cdf(q) for q in levels]
        return cls(np.tile(normal, (horizon, 1)))

    def around(self, found: Forecasts) -> Forecasts:
        """Return forecasts of one value with quantiles; beyond H they widen with the root of the step."""
        steps, known = found.point.shape[1], len(self.errors)
        place = np.minimum(np.arange(steps), known - 1)
        widening = np.sqrt(np.maximum(np.arange(1, steps + 1) / known, 1.0))
        errors = self.errors[place] * widening[:, None]
        return replace(found, quantiles=found.point[..., None] + errors)


def fit_intervals(table: pd.DataFrame, levels: Sequence[float]) -> dict[str, list[list[float]]]:
    """Return the intervals of every series of a backtest's table, for JSON."""
    horizon = int(table["step"].max())
    return {
        str(name): Intervals.fit(
            (rows["actual"] - rows["prediction"]).to_numpy(float).reshape(-1, horizon), levels
        ).errors.tolist()
        for name, rows in table.groupby("series", sort=False)
    }


def intervals_of(result: Mapping[str, Any], name: str) -> Intervals | None:
    """Return the intervals of a series that a training measured; None if it measured none."""
    errors = result.get("intervals", {}).get(name)
    return None if errors is None else Intervals(np.asarray(errors, np.float64))
