"""Forecast from many origins of a series in one batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unrolled.data.series import Numbers
from unrolled.devices import get_device, move
from unrolled.models.forecast_ensemble import ForecastModel, Member, get_members
from unrolled.models.forecaster import DirectForecaster
from unrolled.models.token_encoder import State
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


def forecast(
    model: ForecastModel,
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
        model: model in evaluation mode.
        prepared: the series.
        origins: origins, each with a row that the network may read (:meth:`PreparedSeries.end_of_input`).
        horizon: H; for a direct model, at most its own horizon.
        config: configuration of the model.
        samples: number of paths to sample from a distribution; 0 takes config.forecast.samples.
        seed: seed of the paths. The global random state does not change.
    """
    output, levels = model.output, config.forecast.quantiles
    draws = (samples or config.forecast.samples) if output.sampled else 1
    batch_size = max(1, MAX_SAMPLED_PATHS // draws)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        parts = [
            _forecast_scaled(model, prepared, origins[i : i + batch_size], horizon, config, draws)
            for i in range(0, len(origins), batch_size)
        ]
    z = np.concatenate(parts)  # (N, H, draws or quantiles)
    values = np.empty_like(z)
    for i, origin in enumerate(origins):
        values[i] = prepared.to_data_units(z[i].T, origin).T
    if output.sampled:
        # In a direct forecast, column 0 is the median and the others are draws. It is still the median in
        # data units, because transforms are monotonic.
        point = np.median(values, axis=-1) if prepared.recursive else values[..., 0]
        values = values if prepared.recursive else values[..., 1:]
        quantiles = np.quantile(values, levels, axis=-1)
        return Forecasts(point, values.mean(-1), np.moveaxis(quantiles, 0, -1), values)
    if config.forecast.output == "quantile":
        values = np.sort(values, axis=-1)  # sorting never increases the error (Chernozhukov et al. 2010)
        middle = int(np.argmin(np.abs(np.asarray(levels) - 0.5)))
        return Forecasts(values[..., middle], quantiles=values)
    return Forecasts(values[..., 0])


def _forecast_scaled(
    model: ForecastModel,
    prepared: PreparedSeries,
    origins: Sequence[int],
    horizon: int,
    config: ForecasterConfig,
    draws: int,
) -> Numbers:
    """Return forecasts z (N, H, draws or quantiles) in scaled units.

    Without sampling: the mean over the members. With sampling: paths, divided among the members; in a direct
    forecast, the mean of the members' medians comes before them.
    """
    members = get_members(model)
    future_features = np.stack([prepared.known_from(o, horizon) for o in origins], axis=1)
    if not model.output.sampled:
        return np.asarray(
            np.mean(
                [_forecast_member(m, prepared, origins, future_features, config, draws) for m in members],
                axis=0,
            )
        )
    shares = [draws // len(members) + (i < draws % len(members)) for i in range(len(members))]
    # Direct members without draws are run too: the mean includes their medians.
    member_paths = [
        _forecast_member(member, prepared, origins, future_features, config, share)
        for member, share in zip(members, shares, strict=True)
        if share or not prepared.recursive
    ]
    if prepared.recursive:
        return np.concatenate(member_paths, axis=-1)
    medians = np.mean([z[..., :1] for z in member_paths], axis=0)
    return np.concatenate([medians, *(z[..., 1:] for z in member_paths)], axis=-1)


def _forecast_member(
    model: Member,
    prepared: PreparedSeries,
    origins: Sequence[int],
    future_features: Numbers,
    config: ForecasterConfig,
    draws: int,
) -> Numbers:
    """Return forecasts z (N, H, draws or quantiles) of one member, in scaled units.

    For a sampled direct forecast, the last axis is the median followed by the draws.

    ``future_features`` (H, N, K) are the known features of the steps to forecast.
    """
    horizon = len(future_features)
    h, state = read_up_to(model, prepared, [prepared.end_of_input(o) for o in origins], config)
    if isinstance(model, DirectForecaster):
        padded = np.concatenate(
            [future_features, np.zeros((model.horizon - horizon, *future_features.shape[1:]))]
        )
        y = model.forecast_horizon(h, _to_model(model, padded))[:, :horizon]
        if model.output.sampled:
            drawn = model.output.sample(y[..., None, :].expand(-1, -1, draws, -1))
            return torch.cat([model.output.centre(y)[..., None], drawn], -1).double().cpu().numpy()
        point = config.forecast.output == "point"
        return (model.output.centre(y)[..., None] if point else y).double().cpu().numpy()
    known = _to_model(model, np.repeat(future_features, draws, axis=1))
    y = model.head(h).repeat_interleave(draws, 0)
    state = tuple(s.repeat_interleave(draws, -2) for s in state)
    z = model.roll_out(y, state, known, draw=model.output.sampled)
    return z.unflatten(0, (len(origins), draws)).movedim(1, 2).double().cpu().numpy()


def read_up_to(
    model: Member, prepared: PreparedSeries, ends: Sequence[int], config: ForecasterConfig
) -> tuple[Tensor, State]:
    """Run the network over the rows before each end; return features (N, F) of the last row, and states.

    As in training, it reads a window of these rows, or all of them with ``mode="stream"``.
    """
    training = config.training
    if training.mode == "stream":
        reads = list(_read_along(model, prepared, ends))
        features, states = zip(*reads, strict=True)
        return torch.cat(features), tuple(torch.cat(s, -2) for s in zip(*states, strict=True))
    begins = [max(prepared.first, end - training.window) for end in ends]
    lengths = torch.tensor([e - b for b, e in zip(begins, ends, strict=True)])
    x = np.zeros((int(lengths.max()), len(ends), prepared.inputs.shape[1]))
    for column, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        x[: end - begin, column] = prepared.inputs[begin:end]
    ragged = lengths if int(lengths.min()) < len(x) else None
    h, state = model.read(_to_model(model, x), lengths=move(ragged, get_device(model)))
    return h[lengths - 1, torch.arange(len(ends))], state


def _read_along(
    model: Member, prepared: PreparedSeries, ends: Sequence[int]
) -> Iterator[tuple[Tensor, State]]:
    """Read the series once; yield features and state at each end. The ends must increase."""
    x = _to_model(model, prepared.inputs)[:, None]
    state: State | None = None
    position = prepared.first
    for end in ends:
        h, state = model.read(x[position:end], state)
        position = end
        yield h[-1], state


@torch.no_grad()
def held_out_errors(
    model: ForecastModel, prepared: PreparedSeries, origins: Sequence[int], config: ForecasterConfig
) -> tuple[Numbers, Numbers]:
    """Return the errors by which the best weights are chosen, and the losses.

    Both have one number per forecast step, in scaled units. For point forecasts: the absolute error and the
    loss over the whole horizon. For quantiles and distributions, both arrays are the loss, averaged over
    members; a recursive model is given the true previous value at each step (teacher forcing).
    """
    horizon = config.forecast.horizon
    if config.forecast.output == "point":
        z = _forecast_scaled(model, prepared, origins, horizon, config, 1)[..., 0]
        errors = np.abs(z - true_targets(prepared, origins, horizon)).ravel()
        return errors, np.square(errors) if config.forecast.loss == "squared" else errors
    losses = np.mean([_losses(m, prepared, origins, config) for m in get_members(model)], axis=0)
    return losses, losses


def relative_excess_error(
    model: ForecastModel, prepared: PreparedSeries, origins: Sequence[int], config: ForecasterConfig
) -> Numbers:
    """Return, for each origin, the error of the forecast minus the error of the linear part alone, (N,).

    Negative is better. Errors are mean absolute errors in data units, as fractions of the linear part's mean
    error.
    """
    horizon = config.forecast.horizon
    actual = np.stack([prepared.series.target[o : o + horizon] for o in origins])
    forecasts = forecast(model, prepared, origins, horizon, config).point
    linear_forecasts = np.stack([prepared.to_data_units(np.zeros(horizon), o) for o in origins])
    errors, linear_errors = (np.abs(x - actual).mean(axis=1) for x in (forecasts, linear_forecasts))
    return np.asarray((errors - linear_errors) / (linear_errors.mean() or 1.0))


def _losses(
    model: Member, prepared: PreparedSeries, origins: Sequence[int], config: ForecasterConfig
) -> Numbers:
    horizon, output = config.forecast.horizon, model.output
    if isinstance(model, DirectForecaster):
        h, _ = read_up_to(model, prepared, list(origins), config)
        future_features = np.stack([prepared.known_from(o, horizon) for o in origins], axis=1)
        y = model.forecast_horizon(h, _to_model(model, future_features))
        target = _to_model(model, true_targets(prepared, origins, horizon))
        return output.loss(y, target).double().cpu().numpy().ravel()
    _, state = read_up_to(model, prepared, list(origins), config)
    x = np.stack([prepared.inputs[o : o + horizon] for o in origins], axis=1)
    y, _ = model(_to_model(model, x), state)
    target = _to_model(model, true_targets(prepared, origins, horizon).T.copy())
    return output.loss(y, target).double().cpu().numpy().ravel()


def _to_model(model: Member, values: Numbers) -> Tensor:
    """Return numbers as a float32 tensor on the device of the model."""
    return move(torch.from_numpy(values).float(), get_device(model))


def true_targets(prepared: PreparedSeries, origins: Sequence[int], horizon: int) -> Numbers:
    """Return the targets (N, H) of forecasts from these origins, in scaled units."""
    if not prepared.recursive:
        return np.stack([prepared.targets[o - 1] for o in origins])
    return np.stack([prepared.targets[o : o + horizon] for o in origins])
