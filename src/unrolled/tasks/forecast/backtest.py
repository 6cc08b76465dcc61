"""Rolling backtest: forecasts from many origins, compared with actual values and baselines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
from unrolled.tasks.forecast.baselines import baseline_forecasts
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.notes import series_notes
from unrolled.tasks.forecast.rolling import ForecastNetwork, forecast
from unrolled.tasks.forecast.score import ForecastScore, SeriesBacktest, score, table
from unrolled.tasks.forecast.split import Split
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

Span = tuple[int, int]
"""(start, stop): the steps [start, stop) that may be forecast."""


class Steps(NamedTuple):
    """Horizon of the forecasts, and stride between their origins, in steps."""

    horizon: int
    stride: int


@dataclass(frozen=True)
class Backtest:
    """Result of a rolling backtest: a table of all forecasts and actual values, and the scores."""

    table: pd.DataFrame
    """Columns series, origin (the last known step), step, time, actual, prediction, mean and quantiles (if
    the model has them), and the forecasts of the baselines."""
    score: ForecastScore

    def __str__(self) -> str:
        return str(self.score)


def run_backtest(
    network: ForecastNetwork,
    splits: Sequence[Split],
    spans: Sequence[Span],
    config: ForecasterConfig,
    artifacts: ForecasterArtifacts,
    steps: Steps,
) -> Backtest:
    """Forecast from every origin whose horizon lies within the span of its series, and score.

    Args:
        network: trained networks.
        splits: the series.
        spans: span of each series.
        config: configuration of the model.
        artifacts: artifacts with the season, the scale of MASE and the autoregressions.
        steps: horizon and stride.

    Raises:
        DataError: if no forecast fits into the span of a series.
    """
    backtests = []
    for split, (start, stop) in zip(splits, spans, strict=True):
        s = split.series.series
        origins = list(split.origins(start, stop, *steps))
        if not origins:
            raise DataError(
                f"series {s.name!r}: no forecast of {counted(steps.horizon, 'step')} fits between step "
                f"{start} and step {stop}"
            )
        backtests.append(
            SeriesBacktest(
                s.name,
                np.array(origins),
                s.stamps(s.steps),
                np.stack([s.target[o : o + steps.horizon] for o in origins]),
                forecast(network, split.series, origins, steps.horizon, config),
                baseline_forecasts(split.series, origins, steps.horizon, artifacts),
                artifacts.series[s.name].mase_scale or np.nan,
            )
        )
    levels = config.forecast.quantiles
    notes = [note for split in splits for note in series_notes(split.series.series, config.rules)]
    return Backtest(table(backtests, levels), score(backtests, levels, artifacts.season, steps.stride, notes))
