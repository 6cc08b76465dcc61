"""Forecasts of many series at once, in batches whose memory is bounded."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.data.series import Series
from unrolled.tasks.forecast.beyond_horizon import forecast_far
from unrolled.tasks.forecast.many_series import forecast_ends
from unrolled.tasks.forecast.rolling import MAX_SAMPLED_PATHS, Forecasts, count_draws
from unrolled.tasks.forecast.runtime import ForecasterRuntime

MOST_ROWS = 100_000
"""Maximum number of steps of a batch: its series, times the length of the longest one."""


@dataclass(frozen=True, eq=False)
class Job:
    """A series to forecast."""

    series: Series
    """The steps that the forecast depends on."""
    steps: int
    samples: int = 0
    """Number of paths to sample; 0 is the configuration's."""
    seed: int = 0


def forecast_all(runtime: ForecasterRuntime, jobs: Sequence[Job]) -> list[Forecasts]:
    """Forecast all series; jobs with the same number of steps and of paths run together."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i, job in enumerate(jobs):
        groups.setdefault((job.steps, job.samples), []).append(i)
    forecasts: dict[int, Forecasts] = {}
    for (_, samples), group in groups.items():
        longest = max(jobs[i].series.steps for i in group)
        draws = count_draws(runtime.config, samples)
        size = max(1, min(MAX_SAMPLED_PATHS // draws, MOST_ROWS // longest))
        for begin in range(0, len(group), size):
            part = group[begin : begin + size]
            forecasts |= zip(part, _forecast_batch(runtime, [jobs[i] for i in part]), strict=True)
    return [forecasts[i] for i in range(len(jobs))]


def _forecast_batch(runtime: ForecasterRuntime, jobs: Sequence[Job]) -> list[Forecasts]:
    """Forecast jobs with the same number of steps and of paths."""
    config, steps, seeds = runtime.config, jobs[0].steps, [job.seed for job in jobs]

    def forecast(series: Sequence[Series], ahead: int) -> list[Forecasts]:
        prepared = [runtime._prepare(s, ahead) for s in series]
        return forecast_ends(runtime.network, prepared, ahead, config, jobs[0].samples, seeds)

    series = [job.series for job in jobs]
    if steps > config.forecast.horizon and config.forecast.strategy == "direct":
        return forecast_far(series, steps, config.forecast.horizon, forecast)
    return forecast(series, steps)
