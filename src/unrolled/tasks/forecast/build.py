"""The network of a forecaster, or the networks of an ensemble."""

from torch import nn

from unrolled.data.calendar import KINDS
from unrolled.models.forecast_ensemble import ForecastEnsemble, Forecasting, Member
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.tasks.forecast.config import ForecasterConfig


def build_model(config: ForecasterConfig) -> Forecasting:
    """Build the networks that a configuration describes."""
    members = [_build_member(config) for _ in range(config.forecast.members)]
    if config.forecast.linear != "none":
        for member in members:  # begins as the linear part alone
            nn.init.zeros_(member.head.weight)
            nn.init.zeros_(member.head.bias)
    return members[0] if len(members) == 1 else ForecastEnsemble(members)


def _build_member(c: ForecasterConfig) -> Member:
    output = c.forecast.build()
    known = sum(KINDS[name] for name in c.features.calendar) + len(c.columns.known) + len(c.features.lags)
    rest = (output, c.cell, c.network, c.dropout)
    if c.forecast.strategy == "recursive":
        return RecursiveForecaster(known, *rest)
    return DirectForecaster(len(c.columns.past), known, c.forecast.horizon, *rest)
