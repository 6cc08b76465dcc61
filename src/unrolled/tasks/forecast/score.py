"""Score forecasts from many origins and compare them with baselines."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.series import Numbers, Series
from unrolled.extras import extra
from unrolled.short_repr import short_repr
from unrolled.tasks.base.baseline_comparison import compare_with_baselines
from unrolled.tasks.forecast.metrics import (
    crps_of_quantiles,
    crps_of_samples,
    paired_difference,
    point_errors,
)
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

BASELINES = {
    "seasonal_naive": "seasonal naive",
    "random_walk": "random walk",
    "drift": "random walk with drift",
    "autoregression": "autoregression",
}
"""Names of the baselines by key."""
ROUNDING = 5e-4
"""Relative difference below which two errors are equal when printed."""
EXACT = 1e-12
"""Difference of errors, as a fraction of the actual values, up to which it is a rounding error."""
DECISIVE = 2.0
"""Number of standard errors above which a difference is called better or worse."""


@short_repr
@dataclass(frozen=True, eq=False)
class SeriesBacktest:
    """Forecasts of one series from N origins, H steps each, and the actual values."""

    name: str
    origins: Numbers
    """Position of the first step of each forecast."""
    stamps: Any
    """Time stamps of the whole series."""
    actual: Numbers
    """(N, H)"""
    forecasts: Forecasts
    baselines: dict[str, Numbers]
    """Forecasts (N, H) by key of :data:`BASELINES`."""
    scale: float
    """Scale of MASE: the error of the seasonal naive forecast before the test part; NaN if undefined."""

    def select(self, mask: NDArray[np.bool_]) -> "SeriesBacktest":
        """Return the actual values and point forecasts from the origins in a mask (N,); baselines stay."""
        if mask.all():
            return self
        forecasts = Forecasts(self.forecasts.point[mask])
        return replace(self, origins=self.origins[mask], actual=self.actual[mask], forecasts=forecasts)


Predicted = tuple[SeriesBacktest, Numbers]
"""(series, forecasts): actual values, and forecasts (N, H) of the model or a baseline."""


@short_repr
@dataclass(frozen=True)
class ForecastScore:
    """Scores of a rolling backtest."""

    figures: dict[str, float | None]
    """Metrics of the model."""
    baselines: dict[str, dict[str, float | None]]
    """Metrics of each baseline."""
    versus: dict[str, dict[str, float | None]]
    """Comparison with each baseline, over the forecasts that it has: the ratio of MASEs (of MAEs if MASE is
    undefined), the difference of MAEs (model − baseline), its standard error, and the number of origins."""
    origins: int
    horizon: int
    first: str
    """Time stamp of the first forecast step."""
    last: str
    """Time stamp of the last forecast step."""
    season: int
    notes: tuple[str, ...] = ()
    """Problems in the rows of the data, and how they were handled."""

    def to_json(self) -> dict[str, Any]:
        """Return all metrics; None if a metric is undefined."""
        counts = {k: getattr(self, k) for k in ("origins", "horizon", "first", "last", "season")}
        relative = {"relative_mase": self.versus["seasonal_naive"]["ratio"]}
        return self.figures | relative | {"baselines": self.baselines, "versus": self.versus} | counts

    @property
    def distinct_baselines(self) -> tuple[str, ...]:
        """The distinct baselines: with a season of one step, seasonal naive is the random walk."""
        return tuple(n for n in self.baselines if self.season > 1 or n != "seasonal_naive")

    def verdict(self, name: str) -> str:
        """Return a sentence that compares the model with a baseline."""
        comparison = self.versus[name]
        if comparison["difference"] is None:
            return f"{BASELINES[name]}: no comparison"
        error = comparison["standard_error"]
        if error is None:
            relation = "compared with (one origin: no standard error)"
        elif abs(comparison["difference"]) <= DECISIVE * error:
            relation = "not distinguishable from"
        else:
            relation = "better than" if comparison["difference"] < 0 else "worse than"
        plus_minus = "" if error is None else f" ± {error:.4g}"
        ratio = "" if comparison["ratio"] is None else f"MAE ratio {comparison['ratio']:.3f}, "
        coverage = (
            ""
            if comparison["origins"] == self.origins
            else f" (over {comparison['origins']:,.0f} of the forecasts)"
        )
        difference = f"{comparison['difference']:+.4g}{plus_minus}"
        return f"{relation} the {BASELINES[name]}: {ratio}difference {difference}{coverage}"

    @property
    def baseline_comparison(self) -> dict[str, Any]:
        """Comparison with the baselines by MASE or MAE; see :func:`compare_with_baselines`."""
        metric = "mae" if self.figures["mase"] is None else "mase"
        model_value = self.figures[metric] or 0.0
        ratios = {name: self.versus[name]["ratio"] for name in self.distinct_baselines}
        baselines = {BASELINES[name]: model_value / ratio for name, ratio in ratios.items() if ratio}
        exact = {BASELINES[n]: 0.0 for n, v in self.versus.items() if v["ratio"] is None and v["difference"]}
        return compare_with_baselines(
            metric.upper(), model_value, baselines | exact, higher=False, margin=ROUNDING * model_value
        )

    @property
    def better_baseline(self) -> str:
        """Sentence that names a baseline that is better than the model; "" if none is."""
        sentence: str = self.baseline_comparison["better_baseline"]
        return sentence

    def __str__(self) -> str:
        labels = {
            "mae": "MAE",
            "rmse": "RMSE",
            "mape": "MAPE %",
            "smape": "sMAPE %",
            "mase": "MASE",
            "crps": "CRPS",
        }
        metrics = [f"{label} {_number(self.figures[k])}" for k, label in labels.items() if k in self.figures]
        better = self.better_baseline
        lines = [
            *([better] if better else []),
            *self.notes,
            f"{', '.join(metrics)} ({counted(self.origins, 'origin')} × {counted(self.horizon, 'step')}, "
            f"{self.first} to "
            f"{self.last}; MASE over a season of {self.season})",
        ]
        return "\n".join(lines + [self.verdict(name) for name in self.distinct_baselines])


def score(
    backtests: list[SeriesBacktest], levels: tuple[float, ...], season: int, stride: int, notes: list[str]
) -> ForecastScore:
    """Score the forecasts of several series together; every forecast step has the same weight.

    A baseline is compared over the forecasts that it has: it may have none for a series that is too short.
    """
    horizon = backtests[0].actual.shape[1]
    metrics = _metrics([(r, r.forecasts.point) for r in backtests])
    crps = [_crps(r, levels) for r in backtests]
    metrics["crps"] = _finite(float(np.average(crps, weights=[r.actual.size for r in backtests])))
    baselines, versus = {}, {}
    for name in BASELINES:
        parts = [(r, np.asarray(np.isfinite(r.baselines[name]).all(axis=1))) for r in backtests]
        predicted = [
            (r.select(has_forecast), r.baselines[name][has_forecast])
            for r, has_forecast in parts
            if has_forecast.any()
        ]
        baselines[name] = _metrics(predicted)
        versus[name] = _compare(predicted, baselines[name], lags=-(-horizon // stride) - 1)
    first = min(r.stamps[int(r.origins[0])] for r in backtests)
    last = max(r.stamps[int(r.origins[-1]) + horizon - 1] for r in backtests)
    origins = sum(len(r.origins) for r in backtests)
    return ForecastScore(
        metrics,
        baselines,
        versus,
        origins,
        horizon,
        format_stamp(first),
        format_stamp(last),
        season,
        tuple(notes),
    )


def table(backtests: list[SeriesBacktest], levels: tuple[float, ...]) -> pd.DataFrame:
    """Return a table with a row per forecast step: series, origin, step, time, actual, forecasts."""
    parts = []
    for r in backtests:
        count, horizon = r.actual.shape
        steps = r.origins[:, None] + np.arange(horizon)
        columns: dict[str, Any] = {
            "series": r.name,
            "origin": r.stamps[r.origins - 1].repeat(horizon),
            "step": np.tile(np.arange(1, horizon + 1), count),
            "time": r.stamps[steps.ravel()],
            "actual": r.actual.ravel(),
        }
        columns |= {name: v.ravel() for name, v in forecast_columns(r.forecasts, levels).items()}
        columns |= {name: r.baselines[name].ravel() for name in BASELINES}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def forecast_columns(forecasts: Forecasts, levels: tuple[float, ...]) -> dict[str, Numbers]:
    """Return the columns of a forecast: prediction, mean, and quantiles as "q0.1"."""
    columns = {"prediction": forecasts.point}
    if forecasts.mean is not None:
        columns["mean"] = forecasts.mean
    if forecasts.quantiles is not None:
        columns |= {f"q{q:g}": forecasts.quantiles[..., i] for i, q in enumerate(levels)}
    return columns


def forecast_table(
    s: Series, forecasts: Forecasts, levels: tuple[float, ...], *, paths: bool
) -> pd.DataFrame:
    """Return a table with a row per step after the end of a series.

    Args:
        s: the series.
        forecasts: its forecast from the end.
        levels: quantile levels.
        paths: True returns the sampled paths instead of their summary.
    """
    columns = {name: values[0] for name, values in forecast_columns(forecasts, levels).items()}
    if paths:
        assert forecasts.samples is not None
        columns = {f"path {i}": path for i, path in enumerate(forecasts.samples[0].T)}
    steps = forecasts.point.shape[1]
    return pd.DataFrame(columns, index=s.future(steps))


def format_stamp(stamp: Any) -> str:
    """Return a time stamp as text, without the time if it is midnight."""
    return str(stamp).removesuffix(" 00:00:00")


def _compare(
    predicted: list[Predicted], baseline_metrics: dict[str, float | None], lags: int
) -> dict[str, float | None]:
    """Compare the model with a baseline over the forecasts that the baseline has."""
    if not predicted:
        return {"ratio": None, "difference": None, "standard_error": None, "origins": 0}
    model_metrics = _metrics([(r, r.forecasts.point) for r, _ in predicted])
    metric = "mae" if model_metrics["mase"] is None else "mase"
    differences = [
        (np.abs(r.actual - r.forecasts.point) - np.abs(r.actual - forecasts)).mean(axis=1)
        for r, forecasts in predicted
    ]
    mean, error = paired_difference(differences, lags=lags)
    model_value, baseline_value = model_metrics[metric], baseline_metrics[metric]
    ratio = model_value / baseline_value if model_value is not None and baseline_value else None
    if abs(mean) <= EXACT * float(np.mean([np.abs(r.actual).mean() for r, _ in predicted])):
        ratio = 1.0  # equal except for rounding
    return {
        "ratio": ratio,
        "difference": _finite(mean),
        "standard_error": _finite(error),
        "origins": sum(len(r.origins) for r, _ in predicted),
    }


def _metrics(predicted: list[Predicted]) -> dict[str, float | None]:
    """Return the metrics of forecasts; MASE is over the series that have a scale."""
    if not predicted:
        return dict.fromkeys(("mae", "rmse", "mape", "smape", "mase", "last_step_mape", "last_step_mae"))
    y, p = (
        np.concatenate([r.actual for r, _ in predicted]),
        np.concatenate([forecasts for _, forecasts in predicted]),
    )
    metrics = point_errors(y, p)
    scaled = [
        np.abs(r.actual - forecasts).ravel() / r.scale for r, forecasts in predicted if np.isfinite(r.scale)
    ]
    last = point_errors(y[:, -1], p[:, -1])
    metrics |= {
        "mase": float(np.concatenate(scaled).mean()) if scaled else math.nan,
        "last_step_mape": last["mape"],
        "last_step_mae": last["mae"],
    }
    return {name: _finite(value) for name, value in metrics.items()}


def _crps(r: SeriesBacktest, levels: tuple[float, ...]) -> float:
    """Return the CRPS of the forecasts; for point forecasts it is the absolute error."""
    f, actual = r.forecasts, r.actual.ravel()
    if f.samples is not None:
        return crps_of_samples(actual, f.samples.reshape(len(actual), -1))
    if f.quantiles is not None:
        return crps_of_quantiles(actual, f.quantiles.reshape(len(actual), -1), levels)
    return float(np.abs(actual - f.point.ravel()).mean())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
