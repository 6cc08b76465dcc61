"""Forecast from many origins of a series in one batch, with torch or in the native runtime."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from unrolled.arrays import Ids
from unrolled.data.series import Numbers
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries

MAX_SAMPLED_PATHS = 8192
"""Maximum number of sampled paths in a batch."""


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Forecasts for H steps from N origins, in data units."""

    point: Numbers
    """(N, H): the forecast of the network; for a distribution its median."""
    mean: Numbers | None = None
    """(N, H): mean of a distribution."""
    quantiles: Numbers | None = None
    """(N, H, Q)"""
    samples: Numbers | None = None
    """(N, H, S)"""


class ForecastMember(Protocol):
    """One network of a forecaster."""

    def forecast(
        self, prepared: PreparedSeries, origins: Sequence[int], future: Numbers, draws: int
    ) -> Numbers:
        """Return forecasts z (N, H, draws or quantiles) in scaled units.

        For a sampled direct forecast, the last axis is the median followed by the draws.

        Args:
            prepared: the series.
            origins: the first step of each forecast, (N,).
            future: known features of the steps to forecast, (H, N, K).
            draws: number of sampled paths; 1 without sampling.
        """


class ForecastNetwork(Protocol):
    """The networks of a forecaster: one, or those of an ensemble."""

    def drawing(self, seed: int) -> AbstractContextManager[Sequence[ForecastMember]]:
        """Return a context that yields the members, whose random numbers begin at ``seed``.

        The global random state does not change.
        """


def forecast(
    network: ForecastNetwork,
    prepared: PreparedSeries,
    origins: Sequence[int],
    horizon: int,
    config: ForecasterConfig,
    *,
    samples: int = 0,
    seed: int = 0,
) -> Forecasts:
    """Forecast ``horizon`` steps from every origin (the first step that is forecast).

    Args:
        network: trained networks.
        prepared: the series.
        origins: origins, each with a row that the network may read (:meth:`PreparedSeries.end_of_input`).
        horizon: H; for a direct model, at most its own horizon.
        config: configuration of the model.
        samples: number of paths to sample from a distribution; 0 takes config.forecast.samples.
        seed: seed of the paths. The global random state does not change.
    """
    draws = count_draws(config, samples)
    batch_size = max(1, MAX_SAMPLED_PATHS // draws)
    with network.drawing(seed) as members:
        parts = [
            forecast_scaled(members, prepared, origins[i : i + batch_size], horizon, config, draws)
            for i in range(0, len(origins), batch_size)
        ]
    z = np.concatenate(parts)  # (N, H, draws or quantiles)
    values = np.empty_like(z)
    for i, origin in enumerate(origins):
        values[i] = prepared.to_data_units(z[i].T, origin).T
    return summarise(values, config, recursive=prepared.recursive)


def count_draws(config: ForecasterConfig, samples: int) -> int:
    """Return the number of paths to sample; 1 if the forecast is not a distribution."""
    return (samples or config.forecast.samples) if config.forecast.build().sampled else 1


def summarise(values: Numbers, config: ForecasterConfig, *, recursive: bool) -> Forecasts:
    """Return the forecasts for the values (N, H, draws or quantiles) of a :class:`ForecastMember`."""
    levels = config.forecast.quantiles
    if config.forecast.build().sampled:
        # In a direct forecast, column 0 is the median and the others are draws. It is still the median in
        # data units, because transforms are monotonic.
        point = np.median(values, axis=-1) if recursive else values[..., 0]
        values = values if recursive else values[..., 1:]
        quantiles = np.quantile(values, levels, axis=-1)
        return Forecasts(point, values.mean(-1), np.moveaxis(quantiles, 0, -1), values)
    if config.forecast.output == "quantile":
        values = np.sort(values, axis=-1)  # sorting never increases the error (Chernozhukov et al. 2010)
        middle = int(np.argmin(np.abs(np.asarray(levels) - 0.5)))
        return Forecasts(values[..., middle], quantiles=values)
    return Forecasts(values[..., 0])


def forecast_scaled(
    members: Sequence[ForecastMember],
    prepared: PreparedSeries,
    origins: Sequence[int],
    horizon: int,
    config: ForecasterConfig,
    draws: int = 1,
) -> Numbers:
    """Return forecasts z (N, H, draws or quantiles) in scaled units.

    Without sampling: the mean over the members. With sampling: paths, divided among the members; in a direct
    forecast, the mean of the members' medians comes before them.
    """
    future = np.stack([prepared.known_from(o, horizon) for o in origins], axis=1)
    runs = [partial(member.forecast, prepared, origins, future) for member in members]
    return merge_members(runs, config, draws, recursive=prepared.recursive)


def merge_members(
    runs: Sequence[Callable[[int], Numbers]], config: ForecasterConfig, draws: int, *, recursive: bool
) -> Numbers:
    """Return the forecasts of all members as one; each of ``runs`` makes those of one, for its draws."""
    if not config.forecast.build().sampled:
        return np.asarray(np.mean([run(draws) for run in runs], axis=0))
    shares = [draws // len(runs) + (i < draws % len(runs)) for i in range(len(runs))]
    # Direct members without draws are run too: the mean includes their medians.
    paths = [run(share) for run, share in zip(runs, shares, strict=True) if share or not recursive]
    if recursive:
        return np.concatenate(paths, axis=-1)
    medians = np.mean([z[..., :1] for z in paths], axis=0)
    return np.concatenate([medians, *(z[..., 1:] for z in paths)], axis=-1)


class Windows(NamedTuple):
    """Rows that a network reads before each of N origins, as in training with ``mode="windows"``."""

    x: Numbers
    """(T, N, I), zero past the length of a window."""
    lengths: Ids
    """(N,)"""


def cut_windows_before(prepared: PreparedSeries, ends: Sequence[int], window: int) -> Windows:
    """Return the last ``window`` rows before each end."""
    return stack_rows([(prepared, max(prepared.first, end - window), end) for end in ends])


def stack_rows(pieces: Sequence[tuple[PreparedSeries, int, int]]) -> Windows:
    """Return the rows [begin, end) of each (series, begin, end)."""
    lengths = np.array([end - begin for _, begin, end in pieces])
    x = np.zeros((int(lengths.max()), len(pieces), pieces[0][0].inputs.shape[1]))
    for column, (prepared, begin, end) in enumerate(pieces):
        x[: end - begin, column] = prepared.inputs[begin:end]
    return Windows(x, lengths)


def pad_horizon(future: Numbers, horizon: int) -> Numbers:
    """Return known features (H, N, K) with zeros up to the horizon of a direct network."""
    return np.concatenate([future, np.zeros((horizon - len(future), *future.shape[1:]))])
