"""Forecasts from one origin after another, beside what came true and beside baselines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from unrolled.data.series import Series, TimeRulesConfig
from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.models.forecast_ensemble import Forecasting
from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
from unrolled.tasks.forecast.baselines import baseline_forecasts
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.job import Split
from unrolled.tasks.forecast.rolling import forecast
from unrolled.tasks.forecast.score import ForecastScore, Rolled, score, table

with extra("forecast", "a forecaster"):
    import pandas as pd

Span = tuple[int, int]
"""The first step to forecast, and the end of those that may be."""


class Steps(NamedTuple):
    """How far forecasts reach, and how far apart their origins are."""

    horizon: int
    stride: int


@dataclass(frozen=True)
class Backtest:
    """A rolling backtest: every forecast beside what came true, and the figures."""

    table: pd.DataFrame
    """Columns series, origin (the last step known), step, time, actual, prediction, mean and quantiles where
    there are any, and the forecasts of the baselines."""
    score: ForecastScore

    def __str__(self) -> str:
        return str(self.score)


def roll(
    model: Forecasting,
    splits: Sequence[Split],
    spans: Sequence[Span],
    config: ForecasterConfig,
    learned: ForecasterArtifacts,
    steps: Steps,
) -> Backtest:
    """Forecast every horizon that lies within the span of its series.

    Args:
        model: in evaluation.
        splits: the series.
        spans: of each.
        config: of the model.
        learned: the season, the scale of MASE and the autoregression.
        steps: horizon and stride.

    Raises:
        DataError: if none fits.
    """
    rolled = []
    for split, (start, stop) in zip(splits, spans, strict=True):
        s = split.series.series
        origins = list(split.origins(start, stop, *steps))
        if not origins:
            raise DataError(
                f"series {s.name!r}: no forecast of {steps.horizon} steps fits between step {start} and its "
                f"end (step {stop})"
            )
        rolled.append(
            Rolled(
                s.name,
                np.array(origins),
                s.stamps(s.steps),
                np.stack([s.target[o : o + steps.horizon] for o in origins]),
                forecast(model, split.series, origins, steps.horizon, config),
                baseline_forecasts(split.series, origins, steps.horizon, learned),
                learned.series[s.name].mase_scale or np.nan,
            )
        )
    levels = config.forecast.quantiles
    notes = [note for split in splits for note in notes_of(split.series.series, config.rules)]
    return Backtest(table(rolled, levels), score(rolled, levels, learned.season, steps.stride, notes))


def notes_of(s: Series, rules: TimeRulesConfig) -> list[str]:
    """Say what was found in the rows of a series and what was done about it, with its name."""
    return [f"{s.name}: {note}" for note in s.notes.describe(rules)]
