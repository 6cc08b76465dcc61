"""The ladder of forecasters: repetition, drift, autoregression, windows, recurrence."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.config import with_options
from unrolled.data.series_tables import read_series
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.outcome import Numbers, Outcome, Tried, Units
from unrolled.tasks.forecast.backtest import Backtest, notes_of
from unrolled.tasks.forecast.baselines import baseline_forecast, baseline_forecasts, fit_autoregression
from unrolled.tasks.forecast.data import fit_scales
from unrolled.tasks.forecast.parts import cut, divide
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.tasks.forecast.score import Rolled, brief, score
from unrolled.tasks.forecast.short import settle
from unrolled.tasks.forecast.spec import SPEC
from unrolled.wording import counted

SIMPLE = {
    "random-walk": "random_walk",
    "drift": "drift",
    "seasonal-naive": "seasonal_naive",
    "autoregression": "autoregression",
}
"""Keys of the baselines by the name of the rung."""
TEST_SHARE = 0.2


class ForecastLadder(Ladder):
    """Models of the steps to come; they are compared from one origin to the next."""

    task: ClassVar[str] = "forecast"
    rungs: ClassVar[tuple[str, ...]] = (*SIMPLE, "feed-forward", "tdnn", "elman", "jordan", "gru", "lstm")
    metric: ClassVar[str] = "mase"
    metrics: ClassVar[tuple[str, ...]] = SPEC.metrics
    counted: ClassVar[str] = "forecasts"
    loss: ClassVar[str] = "error"

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`; without ``test_start`` the test begins with the last fifth."""
        config = self.config
        if not config.data.data:
            raise ConfigError("no series: give data (a CSV file, @timeseries/NAME) or a recipe")
        table = read_series(config.data.data, config.columns, config.rules, config.table)
        series = table.series
        if not config.data.test_start:
            first = series[0]
            stamp = str(first.index[int(first.steps * (1 - TEST_SHARE))])
            config = with_options(config, {"test_start": stamp})
        settled = settle(config, series)
        self.config, series, config = settled.config, settled.series, settled.config
        found = [note for s in series for note in notes_of(s, config.rules)]
        self.notes = [*table.notes, *found, *settled.notes]
        horizon = config.forecast.horizon
        scales = fit_scales(series, [cut(s, config.data, horizon)[0] for s in series], config)
        self.parts = divide(series, scales, config)
        stride = config.data.backtest_stride
        self.origins = [
            list(s.origins(s.valid, s.series.series.steps, horizon, stride)) for s in self.parts.splits
        ]
        for split, origins in zip(self.parts.splits, self.origins, strict=True):
            if not origins:
                raise DataError(
                    f"series {split.series.series.name!r}: from test_start={brief(config.data.test_start)} "
                    f"on there is no room for a forecast of {counted(horizon, 'step')}; let the test "
                    "begin earlier"
                )
        if not self.asked and not any(s.mase_scale for s in self.parts.learned.series.values()):
            self.shown = "mae"  # nothing has a scale for MASE
        self.fingerprint = self.parts.facts["sha256"]
        self.block = -(-horizon // stride)
        steps = sum(s.valid for s in self.parts.splits)
        count = sum(map(len, self.origins))
        return (
            f"{len(series)} series, {counted(steps, 'step')} to learn from, "
            f"{counted(count, 'forecast')} of {counted(horizon, 'step')} "
            f"from {brief(config.data.test_start)} on, season {self.parts.learned.season}"
        )

    @classmethod
    def knows(cls, rung: str) -> bool:
        """See :meth:`Ladder.knows`."""
        return rung in SIMPLE

    def units_of(self, tried: Tried) -> Units:
        """See :meth:`Ladder.units_of`: forecasts are kept, from which the loss of any metric follows."""
        return self._units(tried.extra)

    def simple(self, rung: str, seed: int) -> Tried:
        """See :meth:`Ladder.simple`."""
        learned, horizon = self.parts.learned, self.config.forecast.horizon
        began, size = time.perf_counter(), 0
        if rung == "autoregression":
            fitted = [fit_autoregression(s.series, s.train, learned.season) for s in self.parts.splits]
            size = sum(len(f.coefficients) + 1 for f in fitted if f)
        seconds = time.perf_counter() - began if size else 0.0
        rolled, spent = [], 0.0
        for split, origins in zip(self.parts.splits, self.origins, strict=True):
            s = split.series.series
            began = time.perf_counter()
            said = baseline_forecast(SIMPLE[rung], split.series, origins, horizon, learned)
            spent += time.perf_counter() - began
            if not np.isfinite(said).all():
                raise DataError(
                    f"{rung}: says nothing about series {s.name!r}, which is too short; leave it out"
                )
            actual = np.stack([s.target[o : o + horizon] for o in origins])
            scale = learned.series[s.name].mase_scale or np.nan
            others = baseline_forecasts(split.series, origins, horizon, learned)
            rolled.append(
                Rolled(s.name, np.array(origins), s.stamps(s.steps), actual, Forecasts(said), others, scale)
            )
        figures = score(rolled, (), learned.season, self.config.data.backtest_stride, []).to_json()
        extra = _joined([(r.actual, r.forecasts.point, r.scale) for r in rolled])
        rate = len(extra["scale"]) / spent
        outcome = Outcome(
            rung,
            seed,
            self._scores(figures),
            seconds=seconds,
            rate=rate,
            size=size,
            counted="parameters" if size else "",
            bytes=8 * size,
        )
        return Tried(outcome, self._units(extra), extra)

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        found: Backtest = task.backtest()
        horizon, series, parts = self.config.forecast.horizon, self.parts.learned.series, []
        for name, rows in found.table.groupby("series", sort=False):
            actual, said = (rows[c].to_numpy(float).reshape(-1, horizon) for c in ("actual", "prediction"))
            parts.append((actual, said, series[name].mase_scale or np.nan))
        extra = _joined(parts)
        return Scored(self._scores(found.score.to_json()), self._units(extra), extra, len(extra["scale"]))

    def _units(self, extra: dict[str, Numbers]) -> Units:
        """Return the loss of each forecast, of the kind that the metric is a mean of.

        RMSE is compared by squared errors, CRPS by absolute ones.
        """
        actual, said = extra["actual"], extra["said"]
        errors = np.abs(actual - said)
        with np.errstate(divide="ignore", invalid="ignore"):  # where 0 came true there is no share of it
            if self.shown == "smape":
                errors = np.nan_to_num(200 * errors / (np.abs(actual) + np.abs(said)))
            elif "mape" in self.shown:
                errors = 100 * errors / np.abs(actual)
            elif "mase" in self.shown:
                known = np.isfinite(extra["scale"])
                errors = errors[known] / extra["scale"][known, None]
            elif self.shown == "rmse":
                errors = errors**2
        last = self.shown.startswith("last_step")
        return Units.one_each(errors[:, -1] if last else errors.mean(1))

    @staticmethod
    def _scores(figures: dict[str, Any]) -> dict[str, float]:
        numbers = {k: v for k, v in figures.items() if isinstance(v, float | None)}
        return {k: float("nan") if v is None else v for k, v in numbers.items()}


def _joined(series: Sequence[tuple[Numbers, Numbers, float]]) -> dict[str, Numbers]:
    """Return what came true and what was said (N, H), and the scale of MASE (N,), of all series."""
    actual, said = (np.concatenate([s[i] for s in series]) for i in (0, 1))
    return {
        "actual": actual,
        "said": said,
        "scale": np.repeat([s[2] for s in series], [len(s[0]) for s in series]),
    }
