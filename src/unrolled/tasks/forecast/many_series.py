"""Forecast from the ends of several series in one batch of the native runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from unrolled.data.series import Numbers
from unrolled.models.native.forecaster import NativeForecaster
from unrolled.models.steps.vectors import OUTPUT, VECTOR
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.native_network import NativeNetwork
from unrolled.tasks.forecast.rolling import (
    Forecasts,
    Windows,
    count_draws,
    merge_members,
    stack_rows,
    summarise,
)


@dataclass(frozen=True)
class RandomRows:
    """Random numbers of N rows, each with its own generator, so that a row does not depend on the others."""

    generators: Sequence[np.random.Generator]

    def standard_normal(self, size: tuple[int, ...]) -> NDArray[np.float64]:
        """Return standard normal numbers; each generator has an equal share of the first axis."""
        share = (size[0] // len(self.generators), *size[1:])
        return np.concatenate([g.standard_normal(share) for g in self.generators])

    def standard_t(self, df: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return numbers of Student's t distributions with these degrees of freedom."""
        shares = np.split(df, len(self.generators))
        return np.concatenate(
            [np.asarray(g.standard_t(s)) for g, s in zip(self.generators, shares, strict=True)]
        )


def forecast_ends(
    network: NativeNetwork,
    prepared: Sequence[PreparedSeries],
    steps: int,
    config: ForecasterConfig,
    samples: int,
    seeds: Sequence[int],
) -> list[Forecasts]:
    """Forecast from the end of each series; each forecast is that of :func:`~.rolling.forecast` alone.

    Args:
        network: trained networks.
        prepared: the series.
        steps: number of steps; for a direct model, at most its own horizon.
        config: configuration of the model.
        samples: number of paths to sample from a distribution; 0 takes config.forecast.samples.
        seeds: seed of the paths of each series.
    """
    recursive, draws = prepared[0].recursive, count_draws(config, samples)
    window = config.training.window if config.training.mode == "windows" else None
    ends = [p.end_of_input(p.series.steps) for p in prepared]
    begins = [
        p.first if window is None else max(p.first, e - window) for p, e in zip(prepared, ends, strict=True)
    ]
    rows = stack_rows(list(zip(prepared, begins, ends, strict=True)))
    future = np.stack([p.known_from(p.series.steps, steps) for p in prepared], axis=1)
    rng = RandomRows([np.random.default_rng(seed) for seed in seeds])
    runs = [partial(_run_member, member, rows, future, rng) for member in network.members]
    z = merge_members(runs, config, draws, recursive=recursive)  # (N, H, draws or quantiles)
    values = [p.to_data_units(zn.T, p.series.steps).T for p, zn in zip(prepared, z, strict=True)]
    return [summarise(v[None], config, recursive=recursive) for v in values]


def _run_member(
    member: NativeForecaster, rows: Windows, future: Numbers, rng: RandomRows, draws: int
) -> Numbers:
    stream = member.reader.stream(len(rows.lengths))
    y = stream.run({VECTOR: rows.x}, {}, lengths=rows.lengths, last=True)[OUTPUT]
    return member.continue_from(stream, y, future, draws, rng)
