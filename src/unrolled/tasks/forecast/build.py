"""Build the network of a forecaster, or the networks of an ensemble."""

from torch import nn

from unrolled.models.forecast_ensemble import ForecastEnsemble, ForecastModel, Member
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import known_size


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
    options = (output, config.cell, config.network, config.dropout)
    if config.forecast.strategy == "recursive":
        return RecursiveForecaster(known_size(config), *options)
    return DirectForecaster(len(config.columns.past), known_size(config), config.forecast.horizon, *options)
