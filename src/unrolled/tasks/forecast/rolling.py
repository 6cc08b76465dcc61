"""Forecasts from many origins of a series at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unrolled.data.series import Numbers
from unrolled.devices import device_of, move
from unrolled.models.forecast_ensemble import Forecasting, Member, members_of
from unrolled.models.forecaster import DirectForecaster
from unrolled.models.reader import State
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries

ROWS = 8192
"""Paths forecast side by side."""


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What is said of H steps from N origins, on the scale of the data."""

    point: Numbers
    """(N, H): the network's value; the median of a distribution."""
    mean: Numbers | None = None
    """(N, H), of a distribution."""
    quantiles: Numbers | None = None
    """(N, H, Q)"""
    samples: Numbers | None = None
    """(N, H, S)"""


def forecast(
    model: Forecasting,
    p: PreparedSeries,
    origins: Sequence[int],
    horizon: int,
    config: ForecasterConfig,
    *,
    samples: int = 0,
    seed: int = 0,
) -> Forecasts:
    """Forecast ``horizon`` steps from every origin (the first step that is forecast).

    Args:
        model: in evaluation.
        p: the series.
        origins: each with at least one row before it.
        horizon: H; no more than the model's where it is direct.
        config: of the model.
        samples: paths of a distribution; 0 takes the configuration's number.
        seed: of the paths. The caller's random numbers are left alone.
    """
    output, levels = model.output, config.forecast.quantiles
    draws = (samples or config.forecast.samples) if output.sampled else 1
    group = max(1, ROWS // draws)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        parts = [
            _scaled(model, p, origins[i : i + group], horizon, config, draws)
            for i in range(0, len(origins), group)
        ]
    z = np.concatenate(parts)  # (N, H, draws or quantiles)
    values = np.empty_like(z)
    for i, origin in enumerate(origins):
        values[i] = p.values(z[i].T, origin).T
    if output.sampled:
        # The centre of a direct forecast stands before its draws; transforms rise, so that it is the median.
        point = np.median(values, axis=-1) if p.recursive else values[..., 0]
        values = values if p.recursive else values[..., 1:]
        found = np.quantile(values, levels, axis=-1)
        return Forecasts(point, values.mean(-1), np.moveaxis(found, 0, -1), values)
    if config.forecast.output == "quantile":
        values = np.sort(values, axis=-1)  # which can only bring them nearer (Chernozhukov et al. 2010)
        middle = int(np.argmin(np.abs(np.asarray(levels) - 0.5)))
        return Forecasts(values[..., middle], quantiles=values)
    return Forecasts(values[..., 0])


def _scaled(
    model: Forecasting,
    p: PreparedSeries,
    origins: Sequence[int],
    horizon: int,
    config: ForecasterConfig,
    draws: int,
) -> Numbers:
    """Return z (N, H, draws or quantiles): the mean of all members, or paths of which each draws a share."""
    members = members_of(model)
    ahead = np.stack([p.known_from(o, horizon) for o in origins], axis=1)
    if not model.output.sampled:
        return np.asarray(np.mean([_of_one(m, p, origins, ahead, config, draws) for m in members], axis=0))
    shares = [draws // len(members) + (i < draws % len(members)) for i in range(len(members))]
    each = [
        _of_one(member, p, origins, ahead, config, share)
        for member, share in zip(members, shares, strict=True)
        if share or not p.recursive  # a direct one still has a centre
    ]
    if p.recursive:
        return np.concatenate(each, axis=-1)
    centre = np.mean([z[..., :1] for z in each], axis=0)
    return np.concatenate([centre, *(z[..., 1:] for z in each)], axis=-1)


def _of_one(
    model: Member,
    p: PreparedSeries,
    origins: Sequence[int],
    ahead: Numbers,
    config: ForecasterConfig,
    draws: int,
) -> Numbers:
    """Return z (N, H, draws or quantiles), of a direct forecast its centre before the draws.

    ``ahead`` (H, N, K) is known of the steps to come.
    """
    horizon = len(ahead)
    h, state = states_at(model, p, [p.rows_before(o) for o in origins], config)
    if isinstance(model, DirectForecaster):
        padded = np.concatenate([ahead, np.zeros((model.horizon - horizon, *ahead.shape[1:]))])
        y = model.horizon_from(h, _read_by(model, padded))[:, :horizon]
        if model.output.sampled:
            drawn = model.output.sample(y[..., None, :].expand(-1, -1, draws, -1))
            return torch.cat([model.output.centre(y)[..., None], drawn], -1).double().cpu().numpy()
        point = config.forecast.output == "point"
        return (model.output.centre(y)[..., None] if point else y).double().cpu().numpy()
    known = _read_by(model, np.repeat(ahead, draws, axis=1))
    y = model.head(h).repeat_interleave(draws, 0)
    state = tuple(s.repeat_interleave(draws, -2) for s in state)
    z = model.roll_out(y, state, known, draw=model.output.sampled)
    return z.unflatten(0, (len(origins), draws)).movedim(1, 2).double().cpu().numpy()


def states_at(
    model: Member, p: PreparedSeries, ends: Sequence[int], config: ForecasterConfig
) -> tuple[Tensor, State]:
    """Read what the training would have read up to each end: features (N, F) of the last row, and states."""
    training = config.training
    if training.mode == "stream":
        found = list(_along(model, p, ends))
        features, states = zip(*found, strict=True)
        return torch.cat(features), tuple(torch.cat(s, -2) for s in zip(*states, strict=True))
    begins = [max(p.first, end - training.window) for end in ends]
    lengths = torch.tensor([e - b for b, e in zip(begins, ends, strict=True)])
    x = np.zeros((int(lengths.max()), len(ends), p.inputs.shape[1]))
    for column, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        x[: end - begin, column] = p.inputs[begin:end]
    ragged = lengths if int(lengths.min()) < len(x) else None
    h, state = model.read(_read_by(model, x), lengths=move(ragged, device_of(model)))
    return h[lengths - 1, torch.arange(len(ends))], state


def _along(model: Member, p: PreparedSeries, ends: Sequence[int]) -> Iterator[tuple[Tensor, State]]:
    """Read the series once, stopping at each end; ends rise."""
    x = _read_by(model, p.inputs)[:, None]
    state: State | None = None
    done = p.first
    for end in ends:
        h, state = model.read(x[done:end], state)
        done = end
        yield h[-1], state


@torch.no_grad()
def held_out_errors(
    model: Forecasting, p: PreparedSeries, origins: Sequence[int], config: ForecasterConfig
) -> tuple[Numbers, Numbers]:
    """Return what decides about weights and the loss, a number each forecast step, on the network's scale.

    Of one value: its absolute error and its loss over the whole horizon. Of quantiles and distributions:
    their loss for both, the mean over members; for a recursive one at each step from the truth before it.
    """
    horizon = config.forecast.horizon
    if config.forecast.output == "point":
        z = _scaled(model, p, origins, horizon, config, 1)[..., 0]
        errors = np.abs(z - truth(p, origins, horizon)).ravel()
        return errors, np.square(errors) if config.forecast.loss == "squared" else errors
    losses = np.mean([_losses(m, p, origins, config) for m in members_of(model)], axis=0)
    return losses, losses


def gains_over_linear(
    model: Forecasting, p: PreparedSeries, origins: Sequence[int], config: ForecasterConfig
) -> Numbers:
    """Return (N,) by how much the forecasts from each origin err more than the linear part alone.

    Mean absolute errors on the scale of the data, as shares of the linear part's own.
    """
    horizon = config.forecast.horizon
    actual = np.stack([p.series.target[o : o + horizon] for o in origins])
    said = forecast(model, p, origins, horizon, config).point
    linear = np.stack([p.values(np.zeros(horizon), o) for o in origins])
    ours, theirs = (np.abs(x - actual).mean(axis=1) for x in (said, linear))
    return np.asarray((ours - theirs) / (theirs.mean() or 1.0))


def _losses(model: Member, p: PreparedSeries, origins: Sequence[int], config: ForecasterConfig) -> Numbers:
    horizon, output = config.forecast.horizon, model.output
    if isinstance(model, DirectForecaster):
        h, _ = states_at(model, p, list(origins), config)
        ahead = np.stack([p.known_from(o, horizon) for o in origins], axis=1)
        y = model.horizon_from(h, _read_by(model, ahead))
        target = _read_by(model, truth(p, origins, horizon))
        return output.loss(y, target).double().cpu().numpy().ravel()
    _, state = states_at(model, p, list(origins), config)
    x = np.stack([p.inputs[o : o + horizon] for o in origins], axis=1)
    y, _ = model(_read_by(model, x), state)
    target = _read_by(model, truth(p, origins, horizon).T.copy())
    return output.loss(y, target).double().cpu().numpy().ravel()


def _read_by(model: Member, values: Numbers) -> Tensor:
    """Return numbers as float32 on the device of the model that reads them."""
    return move(torch.from_numpy(values).float(), device_of(model))


def truth(p: PreparedSeries, origins: Sequence[int], horizon: int) -> Numbers:
    """Return the targets (N, H) on the scale of the network, as forecasts are made."""
    if not p.recursive:
        return np.stack([p.targets[o - 1] for o in origins])
    return np.stack([p.targets[o : o + horizon] for o in origins])
