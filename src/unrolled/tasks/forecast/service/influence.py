"""Influence of the last values of a series on its forecast: derivatives, from small changes of each value."""

from dataclasses import replace

import numpy as np

from unrolled.config import require
from unrolled.data.series import Numbers, Series
from unrolled.tasks.forecast.rolling import count_draws
from unrolled.tasks.forecast.runtime import ForecasterRuntime
from unrolled.tasks.forecast.service.running import Job, forecast_all

CHANGE = 0.01
"""Change of a value, as a fraction of the spread of the series."""
PATHS = 20
"""Maximum number of paths to sample for one forecast."""
MOST_STEPS = 500_000
"""Maximum number of steps that the network makes for one request."""


def measure_influence(
    runtime: ForecasterRuntime, series: Series, steps: int, last: int, seed: int
) -> Numbers:
    """Return the derivatives (last, H) of the forecast of H steps with respect to the last values.

    Args:
        runtime: the model.
        series: the steps that the forecast depends on.
        steps: H.
        last: number of last values; fewer if the series has fewer.
        seed: seed of sampled paths, the same for all forecasts.

    Raises:
        ConfigError: if this would take too long.
    """
    config, last = runtime.config, min(last, series.steps)
    sampled = config.forecast.build().sampled
    samples = min(PATHS, config.forecast.samples) if sampled else 0
    cost = 2 * last * (series.steps + steps * count_draws(config, samples))
    require(
        cost <= MOST_STEPS, f"last={last}: is too many for a series of {series.steps:,} values; ask for fewer"
    )
    copies, changes = changed_series(series, last, positive=config.resolved_transform != "none")
    forecasts = forecast_all(runtime, [Job(s, steps, samples, seed) for s in copies])
    up, down = np.split(np.stack([f.point[0] for f in forecasts]), 2)
    return np.asarray((up - down) / changes[:, None])


def changed_series(series: Series, last: int, *, positive: bool) -> tuple[list[Series], Numbers]:
    """Return copies of a series with one value changed, each up and then each down; and the changes (last,).

    Args:
        series: the series.
        last: number of last values.
        positive: make no value negative, for models that read logarithms or roots.
    """
    target, end = series.target, series.target[-last:]
    size = CHANGE * float(target.std()) or CHANGE * float(np.abs(target).max()) or CHANGE
    up, down = end + size, np.maximum(end - size, 0.5 * end) if positive else end - size
    copies = []
    for changed in (up, down):
        for position, value in enumerate(changed, len(target) - last):
            values = target.copy()
            values[position] = value
            copies.append(replace(series, target=values))
    return copies, up - down
