"""Build the network of a forecaster, or the networks of an ensemble."""

from torch import nn

from unrolled.data.calendar import KINDS
from unrolled.models.forecast_ensemble import ForecastEnsemble, ForecastModel, Member
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.tasks.forecast.config import ForecasterConfig


def build_model(config: ForecasterConfig) -> ForecastModel:
    """Build the network or the ensemble that a configuration describes."""
    members = [_build_member(config) for _ in range(config.forecast.members)]
    if config.forecast.linear != "none":
        for member in members:  # the forecast is at first the linear part alone
            nn.init.zeros_(member.head.weight)
            nn.init.zeros_(member.head.bias)
    return members[0] if len(members) == 1 else ForecastEnsemble(members)


def _build_member(config: ForecasterConfig) -> Member:
    output = config.forecast.build()
    calendar_size = sum(KINDS[name] for name in config.features.calendar)
    known_size = calendar_size + len(config.columns.known) + len(config.features.lags)
    options = (output, config.cell, config.network, config.dropout)
    if config.forecast.strategy == "recursive":
        return RecursiveForecaster(known_size, *options)
    return DirectForecaster(len(config.columns.past), known_size, config.forecast.horizon, *options)
