"""Facts about a forecaster for clients and for its page: what it needs, and its series."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.data.series import Numbers, Series
from unrolled.data.series.axis import ROWS
from unrolled.errors import DataError, RunError
from unrolled.tasks.forecast.frequency import defaults_for_index
from unrolled.tasks.forecast.lookback import fewest_steps, steps_read
from unrolled.tasks.forecast.service.series import SeriesRequests
from unrolled.tasks.forecast.service.times import first_index, trained_axis, write_times

SHOWN_SERIES, SHOWN_STEPS, MOST_SHOWN = 8, 200, 2000
"""Number of series with values, of their last steps, and of steps if a forecast reads more."""
MOST_NAMES = 1000
EXAMPLE_STEPS = 12
"""Fewest values of the example of a request."""
LARGEST_FILE = 200_000_000
"""Size of a file, in bytes, that is read for its last values."""


def describe(requests: SeriesRequests) -> dict[str, Any]:
    """Return the details of the service, as JSON data."""
    config, names = requests.runtime.config, requests.names
    shown = names[:SHOWN_SERIES]
    trained, note = _training_series(requests, shown)
    output = config.forecast.build()
    has_levels = config.forecast.output != "point" or bool(requests.runtime.result.get("intervals"))
    return {
        "horizon": config.forecast.horizon,
        "largest_horizon": _largest_horizon(requests),
        "season": requests.runtime.artifacts.season,
        "strategy": config.forecast.strategy,
        "output": config.forecast.output,
        "levels": [f"{q:g}" for q in config.forecast.quantiles] if has_levels else [],
        "paths": output.sampled and config.forecast.strategy == "recursive",
        "transform": config.resolved_transform,
        "calendar": list(config.features.calendar),
        "known": list(config.columns.known),
        "past": list(config.columns.past),
        "timezone": config.rules.timezone,
        "names": names[:MOST_NAMES],
        "series": [_describe_series(requests, name, trained.get(name)) for name in shown],
        "note": note,
    }


def example_request(details: dict[str, Any]) -> dict[str, Any]:
    """Return a request that the model can answer: the end of a series in the details, and its covariates."""
    series, ahead = details["series"][0], details["horizon"]
    shown = series.get("example", series)
    count = max(EXAMPLE_STEPS, series["fewest"], series["read"] or 0)
    values, times = shown["values"][-count:], shown["times"][-count:]
    known = {name: column[-len(values) - ahead :] for name, column in shown["known"].items()}
    past = {name: column[-len(values) :] for name, column in shown["past"].items()}
    return {
        "values": [float(f"{value:.5g}") for value in values],
        **({"series": series["name"]} if len(details["names"]) > 1 else {}),
        **({"start": times[0]} if times else {}),
        **({"known": known} if known else {}),
        **({"past": past} if past else {}),
    }


def _largest_horizon(requests: SeriesRequests) -> int:
    """Return the largest number of steps that a request may ask for."""
    config = requests.runtime.config
    most = min([requests.limits.steps, *config.features.lags[:1]])
    ends = config.forecast.strategy == "direct" and (config.forecast.output != "point" or config.columns.past)
    return min(most, config.forecast.horizon) if ends else most


def _training_series(requests: SeriesRequests, names: Sequence[str]) -> tuple[dict[str, Series], str]:
    """Return the series of the training by name, and a note if their values are not on this machine."""
    from unrolled.data.catalogue.dataset import SERIES
    from unrolled.data.catalogue.lookup import locate_here

    source = requests.runtime.config.data.data
    try:
        path = locate_here(source, SERIES) if source else None
        if path is None:
            return {}, "The training data are not on this machine, so their values are not shown."
        if path.stat().st_size > LARGEST_FILE:
            return {}, "The training data are too large to show their values."
        series = requests.runtime._get_series(None)
    except (DataError, RunError, OSError):
        return {}, "The training data have changed or cannot be read, so their values are not shown."
    return {s.name: s for s in series if s.name in names}, ""


def _describe_series(requests: SeriesRequests, name: str, series: Series | None) -> dict[str, Any]:
    config, facts = requests.runtime.config, requests.facts(name)
    part = requests.runtime.artifacts.series[name].linear
    axis = trained_axis(facts, requests.runtime.artifacts.season)
    fewest, read = fewest_steps(config, part), steps_read(config, part)
    time = "numbers" if axis.shown == "steps" else "none" if axis.frequency == ROWS else "dates"
    described = {
        "name": name,
        "first": facts["first"],
        "last": facts["last"],
        "steps": facts["steps"],
        "frequency": facts["frequency"],
        "time": time,
        "step": _step_name(axis.frequency, facts["first"]) if time == "dates" else "step",
        "fewest": fewest,
        "read": read,
    }
    if series is None:
        return described | {"example": _example(requests, name, max(fewest, SHOWN_STEPS))}
    count = min(max(SHOWN_STEPS, read or fewest, fewest), MOST_SHOWN, series.steps)
    return described | _last_values(requests, series, count)


def _last_values(requests: SeriesRequests, series: Series, count: int) -> dict[str, Any]:
    """Return the last values of a series with their times, and the covariates as far as they are known."""
    columns, horizon = requests.runtime.config.columns, requests.runtime.config.forecast.horizon
    begin, end = series.steps - count, series.steps
    return {
        "times": write_times(series.index[begin:end]),
        "values": series.target[begin:].tolist(),
        "known": _by_column(columns.known, series.known[begin : end + horizon]),
        "past": _by_column(columns.past, series.past[begin:]),
    }


def _by_column(names: Sequence[str], values: Numbers) -> dict[str, list[float]]:
    return {name: values[:, i].tolist() for i, name in enumerate(names)}


def _example(requests: SeriesRequests, name: str, count: int) -> dict[str, Any]:
    """Return an invented series with the level and the season of one of the training, to begin a drawing."""
    runtime = requests.runtime
    scales = runtime.artifacts.scales
    scaling, period = scales.series[name], runtime.artifacts.season if runtime.artifacts.season > 1 else 24
    z = np.sin(2 * np.pi * np.arange(count) / period)
    with np.errstate(over="ignore"):
        values = scaling.invert(z, np.ones(max(scaling.difference, 1)), cumulative=True)
    if not np.isfinite(values).all() or (scaling.transform == "log" and not (values > 0).all()):
        values = np.ones(count)
    columns, horizon = runtime.config.columns, runtime.config.forecast.horizon
    return {
        "times": _last_times(requests, name, count),
        "values": values.tolist(),
        "known": {c: [scales.covariates[c][0]] * (count + horizon) for c in columns.known},
        "past": {c: [scales.covariates[c][0]] * count for c in columns.past},
    }


def _last_times(requests: SeriesRequests, name: str, count: int) -> list[str]:
    """Return the times of the last ``count`` steps of a series of the training; [] if they are not known."""
    facts = requests.facts(name)
    axis = trained_axis(facts, requests.runtime.artifacts.season)
    if axis.frequency == ROWS and axis.shown != "steps":
        return []
    zone = requests.runtime.config.rules.timezone
    first = first_index(facts, axis, zone)
    begin = max(0, int(facts["steps"]) - count)
    return write_times(axis.at(first, np.arange(begin, begin + count)))


def _step_name(frequency: str, first: str) -> str:
    """Return the name of a step, such as "month"."""
    import pandas as pd

    from unrolled.data.series.frequency import parse_frequency

    index = parse_frequency(frequency).at(pd.Timestamp(first), np.arange(24))
    name = defaults_for_index(index).name
    return "step" if name == "row" else name
