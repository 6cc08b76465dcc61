"""Answers with the forecast of a series."""

import numpy as np

from unrolled.data.series import Numbers, Series
from unrolled.errors import DataError
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.tasks.forecast.runtime import ForecasterRuntime
from unrolled.tasks.forecast.service.messages import ForecastAnswer
from unrolled.tasks.forecast.service.times import write_times


def make_answer(
    runtime: ForecasterRuntime,
    series: Series,
    forecasts: Forecasts,
    samples: int,
    notes: list[str],
) -> ForecastAnswer:
    """Return the answer for the forecast of one series.

    Args:
        runtime: the model.
        series: the series.
        forecasts: its forecast, from one origin.
        samples: number of paths to return.
        notes: notes on the series.

    Raises:
        DataError: if the forecast is not finite.
    """
    forecasts = runtime._add_intervals(series, forecasts)
    levels = runtime.config.forecast.quantiles
    point, mean, quantiles, paths = (
        None if part is None else check_finite(part[0])
        for part in (forecasts.point, forecasts.mean, forecasts.quantiles, forecasts.samples)
    )
    assert point is not None
    bands: dict[str, list[float]] = {}
    if quantiles is not None:
        bands = {f"{q:g}": band.tolist() for q, band in zip(levels, quantiles.T, strict=True)}
    return ForecastAnswer(
        series=series.name,
        times=write_times(series.future(len(point))),
        point=point.tolist(),
        mean=[] if mean is None else mean.tolist(),
        quantiles=bands,
        paths=[] if paths is None or not samples else _choose_paths(paths, samples).tolist(),
        notes=notes,
    )


def _choose_paths(paths: Numbers, count: int) -> Numbers:
    """Return ``count`` of the paths (H, S), evenly spread over the members, (count, H)."""
    return np.asarray(paths.T[np.arange(count) * paths.shape[1] // count])


def check_finite(values: Numbers) -> Numbers:
    """Return forecasts.

    Raises:
        DataError: if one is not finite.
    """
    if not np.isfinite(values).all():
        raise DataError(
            "values: the forecast is not a finite number: the values are too far from those of the training"
        )
    return values
