"""How well forecasts from many origins are, beside those of baselines."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.series import Numbers, Series
from unrolled.extras import extra
from unrolled.short_repr import short_repr
from unrolled.tasks.base.better import beside
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
"""What they are called, by key."""
ROUNDING = 5e-4
"""Share of an error below which two are the same in print."""
EXACT = 1e-12
"""Share of the values below which a difference of errors is one of rounding."""
DECISIVE = 2.0
"""Standard errors beyond which a difference is called one."""


@short_repr
@dataclass(frozen=True, eq=False)
class Rolled:
    """The forecasts of one series from N origins, H steps each, and what came true."""

    name: str
    origins: Numbers
    """Position of the first step of each forecast."""
    stamps: Any
    """Of the whole series."""
    actual: Numbers
    """(N, H)"""
    forecasts: Forecasts
    baselines: dict[str, Numbers]
    """(N, H) by key of :data:`BASELINES`."""
    scale: float
    """Of MASE: the error of the seasonal naive forecast on the training part; NaN where there is none."""

    def part(self, chosen: NDArray[np.bool_]) -> "Rolled":
        """Return the forecasts from the origins that are chosen (N,)."""
        if chosen.all():
            return self
        forecasts = Forecasts(self.forecasts.point[chosen])
        return replace(self, origins=self.origins[chosen], actual=self.actual[chosen], forecasts=forecasts)


Made = tuple[Rolled, Numbers]
"""Forecasts with what came true, and what is said by the model or a baseline from the same origins."""


@short_repr
@dataclass(frozen=True)
class ForecastScore:
    """The figures of a rolling backtest."""

    figures: dict[str, float | None]
    baselines: dict[str, dict[str, float | None]]
    """The same of the baselines."""
    versus: dict[str, dict[str, float | None]]
    """By baseline, over the forecasts that it makes: the ratio of MASEs (of MAEs where there is none), the
    difference of MAEs (ours − theirs) with its standard error, and from how many origins."""
    origins: int
    horizon: int
    first: str
    """The first step forecast."""
    last: str
    """The last step forecast."""
    season: int
    notes: tuple[str, ...] = ()
    """What was found in the rows, and what was done about it."""

    def to_json(self) -> dict[str, Any]:
        """Return every figure; None where one has no meaning."""
        counts = {k: getattr(self, k) for k in ("origins", "horizon", "first", "last", "season")}
        relative = {"relative_mase": self.versus["seasonal_naive"]["ratio"]}
        return self.figures | relative | {"baselines": self.baselines, "versus": self.versus} | counts

    @property
    def shown(self) -> tuple[str, ...]:
        """The baselines that are there and differ: a season of one step is the random walk."""
        return tuple(n for n in self.baselines if self.season > 1 or n != "seasonal_naive")

    def verdict(self, name: str) -> str:
        """Say in words how the model stands beside a baseline."""
        v = self.versus[name]
        if v["difference"] is None:
            return f"{BASELINES[name]}: no figure"
        error = v["standard_error"]
        if error is None:
            word = "beside (one origin tells no standard error)"
        elif abs(v["difference"]) <= DECISIVE * error:
            word = "not distinguishable from"
        else:
            word = "better than" if v["difference"] < 0 else "worse than"
        around = "" if error is None else f" ± {error:.4g}"
        ratio = "" if v["ratio"] is None else f"MAE ratio {v['ratio']:.3f}, "
        part = "" if v["origins"] == self.origins else f" (over {v['origins']:,.0f} of the forecasts)"
        return f"{word} the {BASELINES[name]}: {ratio}difference {v['difference']:+.4g}{around}{part}"

    @property
    def beside(self) -> dict[str, Any]:
        """The model by MASE, or MAE, with the baselines; see :func:`unrolled.tasks.base.better.beside`."""
        figure = "mae" if self.figures["mase"] is None else "mase"
        own = self.figures[figure] or 0.0
        ratios = {name: self.versus[name]["ratio"] for name in self.shown}
        theirs = {BASELINES[name]: own / ratio for name, ratio in ratios.items() if ratio}
        exact = {BASELINES[n]: 0.0 for n, v in self.versus.items() if v["ratio"] is None and v["difference"]}
        return beside(figure.upper(), own, theirs | exact, higher=False, margin=ROUNDING * own)

    @property
    def better_baseline(self) -> str:
        """Say which baseline is the better choice; "" where none is."""
        sentence: str = self.beside["better_baseline"]
        return sentence

    def __str__(self) -> str:
        shown = {
            "mae": "MAE",
            "rmse": "RMSE",
            "mape": "MAPE %",
            "smape": "sMAPE %",
            "mase": "MASE",
            "crps": "CRPS",
        }
        said = [f"{label} {_number(self.figures[k])}" for k, label in shown.items() if k in self.figures]
        better = self.better_baseline
        lines = [
            *([better] if better else []),
            *self.notes,
            f"{', '.join(said)} ({counted(self.origins, 'origin')} × {counted(self.horizon, 'step')}, "
            f"{self.first} to "
            f"{self.last}; MASE over a season of {self.season})",
        ]
        return "\n".join(lines + [self.verdict(name) for name in self.shown])


def score(
    rolled: list[Rolled], levels: tuple[float, ...], season: int, stride: int, notes: list[str]
) -> ForecastScore:
    """Score the forecasts of several series together: every forecast step counts alike.

    A baseline is compared over the forecasts that it makes: it may have none for a series that is too short.
    """
    horizon = rolled[0].actual.shape[1]
    figures = _figures([(r, r.forecasts.point) for r in rolled])
    crps = [_crps(r, levels) for r in rolled]
    figures["crps"] = _finite(float(np.average(crps, weights=[r.actual.size for r in rolled])))
    baselines, versus = {}, {}
    for name in BASELINES:
        parts = [(r, np.asarray(np.isfinite(r.baselines[name]).all(axis=1))) for r in rolled]
        made = [(r.part(there), r.baselines[name][there]) for r, there in parts if there.any()]
        baselines[name] = _figures(made)
        versus[name] = _compare(made, baselines[name], lags=-(-horizon // stride) - 1)
    first = min(r.stamps[int(r.origins[0])] for r in rolled)
    last = max(r.stamps[int(r.origins[-1]) + horizon - 1] for r in rolled)
    count = sum(len(r.origins) for r in rolled)
    return ForecastScore(
        figures, baselines, versus, count, horizon, brief(first), brief(last), season, tuple(notes)
    )


def table(rolled: list[Rolled], levels: tuple[float, ...]) -> pd.DataFrame:
    """Return a row for each forecast step: series, origin, step, time, actual, forecasts."""
    parts = []
    for r in rolled:
        count, horizon = r.actual.shape
        place = r.origins[:, None] + np.arange(horizon)
        columns: dict[str, Any] = {
            "series": r.name,
            "origin": r.stamps[r.origins - 1].repeat(horizon),
            "step": np.tile(np.arange(1, horizon + 1), count),
            "time": r.stamps[place.ravel()],
            "actual": r.actual.ravel(),
        }
        columns |= {name: v.ravel() for name, v in said(r.forecasts, levels).items()}
        columns |= {name: r.baselines[name].ravel() for name in BASELINES}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def said(forecasts: Forecasts, levels: tuple[float, ...]) -> dict[str, Numbers]:
    """Return what a forecast says, by column: prediction, mean, and quantiles as "q0.1"."""
    columns = {"prediction": forecasts.point}
    if forecasts.mean is not None:
        columns["mean"] = forecasts.mean
    if forecasts.quantiles is not None:
        columns |= {f"q{q:g}": forecasts.quantiles[..., i] for i, q in enumerate(levels)}
    return columns


def forecast_table(
    s: Series, forecasts: Forecasts, levels: tuple[float, ...], *, paths: bool
) -> pd.DataFrame:
    """Return a row for each step after the end of a series, of its only forecast.

    Args:
        s: the series.
        forecasts: from its end.
        levels: of the quantiles.
        paths: return the sampled paths instead of their summary.
    """
    columns = {name: values[0] for name, values in said(forecasts, levels).items()}
    if paths:
        assert forecasts.samples is not None
        columns = {f"path {i}": path for i, path in enumerate(forecasts.samples[0].T)}
    steps = forecasts.point.shape[1]
    return pd.DataFrame(columns, index=s.future(steps))


def brief(stamp: Any) -> str:
    """Return a time stamp without an idle midnight."""
    return str(stamp).removesuffix(" 00:00:00")


def _compare(made: list[Made], theirs: dict[str, float | None], lags: int) -> dict[str, float | None]:
    """Compare the model with a baseline over the forecasts that the baseline makes."""
    if not made:
        return {"ratio": None, "difference": None, "standard_error": None, "origins": 0}
    ours = _figures([(r, r.forecasts.point) for r, _ in made])
    figure = "mae" if ours["mase"] is None else "mase"
    differences = [
        (np.abs(r.actual - r.forecasts.point) - np.abs(r.actual - said)).mean(axis=1) for r, said in made
    ]
    mean, error = paired_difference(differences, lags=lags)
    own, other = ours[figure], theirs[figure]
    ratio = own / other if own is not None and other else None
    if abs(mean) <= EXACT * float(np.mean([np.abs(r.actual).mean() for r, _ in made])):
        ratio = 1.0  # both are exact but for rounding
    return {
        "ratio": ratio,
        "difference": _finite(mean),
        "standard_error": _finite(error),
        "origins": sum(len(r.origins) for r, _ in made),
    }


def _figures(made: list[Made]) -> dict[str, float | None]:
    """Return the figures of forecasts; MASE is of the series that have a scale."""
    if not made:
        return dict.fromkeys(("mae", "rmse", "mape", "smape", "mase", "last_step_mape", "last_step_mae"))
    y, p = np.concatenate([r.actual for r, _ in made]), np.concatenate([said for _, said in made])
    figures = point_errors(y, p)
    scaled = [np.abs(r.actual - said).ravel() / r.scale for r, said in made if np.isfinite(r.scale)]
    last = point_errors(y[:, -1], p[:, -1])
    figures |= {
        "mase": float(np.concatenate(scaled).mean()) if scaled else math.nan,
        "last_step_mape": last["mape"],
        "last_step_mae": last["mae"],
    }
    return {name: _finite(value) for name, value in figures.items()}


def _crps(r: Rolled, levels: tuple[float, ...]) -> float:
    """CRPS of what was said; of one value it is the absolute error."""
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
