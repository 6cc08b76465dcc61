"""The ladder of forecasters: naive forecasts, autoregression, window networks, recurrent networks."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.arrays import Numbers
from unrolled.config import with_options
from unrolled.data.series_tables import read_series
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.tasks.forecast.backtest import Backtest
from unrolled.tasks.forecast.baselines import baseline_forecast, baseline_forecasts, fit_autoregression
from unrolled.tasks.forecast.data import fit_scales
from unrolled.tasks.forecast.notes import series_notes
from unrolled.tasks.forecast.parts import split_points, split_series
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.tasks.forecast.score import SeriesBacktest, format_stamp, score
from unrolled.tasks.forecast.short_series import resolve_series
from unrolled.tasks.forecast.spec import SPEC
from unrolled.wording import counted

BASELINE_KEYS = {
    "random-walk": "random_walk",
    "drift": "drift",
    "seasonal-naive": "seasonal_naive",
    "autoregression": "autoregression",
}
"""Key of the baseline for each rung that is not a network."""
TEST_FRACTION = 0.2
"""Fraction of the series in the test part if test_start is not given."""


class ForecastLadder(Ladder):
    """Forecasters, compared by their errors from each origin."""

    task: ClassVar[str] = "forecast"
    rungs: ClassVar[tuple[str, ...]] = (
        *BASELINE_KEYS,
        "feed-forward",
        "tdnn",
        "elman",
        "jordan",
        "gru",
        "lstm",
    )
    metric: ClassVar[str] = "mase"
    metrics: ClassVar[tuple[str, ...]] = SPEC.metrics
    counted: ClassVar[str] = "forecasts"
    loss: ClassVar[str] = "error"

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`; the default test part is the last fifth of the first series."""
        config = self.config
        if not config.data.data:
            raise ConfigError("no series: give data (a CSV file, @timeseries/NAME) or a recipe")
        table = read_series(config.data.data, config.columns, config.rules, config.table)
        series = table.series
        if not config.data.test_start:
            first = series[0]
            stamp = str(first.index[int(first.steps * (1 - TEST_FRACTION))])
            config = with_options(config, {"test_start": stamp})
        resolved = resolve_series(config, series)
        self.config, series, config = resolved.config, resolved.series, resolved.config
        data_notes = [note for s in series for note in series_notes(s, config.rules)]
        self.notes = [*table.notes, *data_notes, *resolved.notes]
        horizon = config.forecast.horizon
        scales = fit_scales(series, [split_points(s, config.data, horizon)[0] for s in series], config)
        self.parts = split_series(series, scales, config)
        stride = config.data.backtest_stride
        self.origins = [
            list(s.origins(s.valid_end, s.series.series.steps, horizon, stride)) for s in self.parts.splits
        ]
        for split, origins in zip(self.parts.splits, self.origins, strict=True):
            if not origins:
                raise DataError(
                    f"series {split.series.series.name!r}: from "
                    f"test_start={format_stamp(config.data.test_start)} "
                    f"on there is no room for a forecast of {counted(horizon, 'step')}; give an "
                    "earlier test_start"
                )
        if not self.asked and not any(s.mase_scale for s in self.parts.artifacts.series.values()):
            self.shown = "mae"  # no series has a scale for MASE
        self.fingerprint = self.parts.data_info["sha256"]
        self.block = -(-horizon // stride)
        steps = sum(s.valid_end for s in self.parts.splits)
        count = sum(map(len, self.origins))
        return (
            f"{len(series)} series, {counted(steps, 'step')} to learn from, "
            f"{counted(count, 'forecast')} of {counted(horizon, 'step')} "
            f"from {format_stamp(config.data.test_start)} on, season {self.parts.artifacts.season}"
        )

    @classmethod
    def is_known(cls, rung: str) -> bool:
        """See :meth:`Ladder.is_known`."""
        return rung in BASELINE_KEYS

    def get_item_losses(self, tried: SavedOutcome) -> ItemLosses:
        """See :meth:`Ladder.get_item_losses`; the losses are computed from the stored forecasts."""
        return self._item_losses(tried.extra)

    def simple(self, rung: str, seed: int) -> SavedOutcome:
        """See :meth:`Ladder.simple`."""
        artifacts, horizon = self.parts.artifacts, self.config.forecast.horizon
        start, size = time.perf_counter(), 0
        if rung == "autoregression":
            fitted = [fit_autoregression(s.series, s.train_end, artifacts.season) for s in self.parts.splits]
            size = sum(len(f.coefficients) + 1 for f in fitted if f)
        seconds = time.perf_counter() - start if size else 0.0
        backtests, scoring_seconds = [], 0.0
        for split, origins in zip(self.parts.splits, self.origins, strict=True):
            s = split.series.series
            start = time.perf_counter()
            forecasts = baseline_forecast(BASELINE_KEYS[rung], split.series, origins, horizon, artifacts)
            scoring_seconds += time.perf_counter() - start
            if not np.isfinite(forecasts).all():
                raise DataError(
                    f"{rung}: has no forecast for series {s.name!r}, which is too short; leave this model out"
                )
            actual = np.stack([s.target[o : o + horizon] for o in origins])
            scale = artifacts.series[s.name].mase_scale or np.nan
            baselines = baseline_forecasts(split.series, origins, horizon, artifacts)
            backtests.append(
                SeriesBacktest(
                    s.name,
                    np.array(origins),
                    s.stamps(s.steps),
                    actual,
                    Forecasts(forecasts),
                    baselines,
                    scale,
                )
            )
        metrics = score(backtests, (), artifacts.season, self.config.data.backtest_stride, []).to_json()
        extra = _join_series([(r.actual, r.forecasts.point, r.scale) for r in backtests])
        rate = len(extra["scale"]) / scoring_seconds
        outcome = Outcome(
            rung,
            seed,
            self._to_scores(metrics),
            seconds=seconds,
            rate=rate,
            size=size,
            counted="parameters" if size else "",
            bytes=8 * size,
        )
        return SavedOutcome(outcome, self._item_losses(extra), extra)

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        backtest: Backtest = task.backtest()
        horizon, artifacts, parts = self.config.forecast.horizon, self.parts.artifacts.series, []
        for name, rows in backtest.table.groupby("series", sort=False):
            actual, predicted = (
                rows[c].to_numpy(float).reshape(-1, horizon) for c in ("actual", "prediction")
            )
            parts.append((actual, predicted, artifacts[name].mase_scale or np.nan))
        extra = _join_series(parts)
        return Scored(
            self._to_scores(backtest.score.to_json()), self._item_losses(extra), extra, len(extra["scale"])
        )

    def _item_losses(self, extra: dict[str, Numbers]) -> ItemLosses:
        """Return the loss of each forecast whose mean is the metric.

        For RMSE it is the squared error, for CRPS the absolute error.
        """
        actual, predicted = extra["actual"], extra["said"]
        errors = np.abs(actual - predicted)
        # Errors relative to an actual value of 0 are undefined.
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.shown == "smape":
                errors = np.nan_to_num(200 * errors / (np.abs(actual) + np.abs(predicted)))
            elif "mape" in self.shown:
                errors = 100 * errors / np.abs(actual)
            elif "mase" in self.shown:
                has_scale = np.isfinite(extra["scale"])
                errors = errors[has_scale] / extra["scale"][has_scale, None]
            elif self.shown == "rmse":
                errors = errors**2
        last = self.shown.startswith("last_step")
        return ItemLosses.one_each(errors[:, -1] if last else errors.mean(1))

    @staticmethod
    def _to_scores(metrics: dict[str, Any]) -> dict[str, float]:
        values = {k: v for k, v in metrics.items() if isinstance(v, float | None)}
        return {k: float("nan") if v is None else v for k, v in values.items()}


def _join_series(series: Sequence[tuple[Numbers, Numbers, float]]) -> dict[str, Numbers]:
    """Return actual values and forecasts (N, H), and the scale of MASE (N,), of all series."""
    actual, predicted = (np.concatenate([s[i] for s in series]) for i in (0, 1))
    return {
        "actual": actual,
        "said": predicted,
        "scale": np.repeat([s[2] for s in series], [len(s[0]) for s in series]),
    }
