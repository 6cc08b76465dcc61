"""Errors of forecasts of the held-out part, by which the best weights are chosen."""

from collections.abc import Sequence

import numpy as np
import torch

from unrolled.data.series import Numbers
from unrolled.models.forecast_ensemble import ForecastModel, Member, get_members
from unrolled.models.forecaster import DirectForecaster
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.rolling import forecast, forecast_scaled
from unrolled.tasks.forecast.torch_network import TorchMember, TorchNetwork, read_up_to, to_model, to_numbers


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
        members = [TorchMember(member, config) for member in get_members(model)]
        z = forecast_scaled(members, prepared, origins, horizon, config)[..., 0]
        errors = np.abs(z - _true_targets(prepared, origins, horizon)).ravel()
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
    forecasts = forecast(TorchNetwork(model, config), prepared, origins, horizon, config).point
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
        y = model.forecast_horizon(h, to_model(model, future_features))
        target = to_model(model, _true_targets(prepared, origins, horizon))
        return to_numbers(output.loss(y, target)).ravel()
    _, state = read_up_to(model, prepared, list(origins), config)
    x = np.stack([prepared.inputs[o : o + horizon] for o in origins], axis=1)
    y, _ = model(to_model(model, x), state)
    target = to_model(model, _true_targets(prepared, origins, horizon).T.copy())
    return to_numbers(output.loss(y, target)).ravel()


def _true_targets(prepared: PreparedSeries, origins: Sequence[int], horizon: int) -> Numbers:
    """Return the targets (N, H) of forecasts from these origins, in scaled units."""
    if not prepared.recursive:
        return np.stack([prepared.targets[o - 1] for o in origins])
    return np.stack([prepared.targets[o : o + horizon] for o in origins])
