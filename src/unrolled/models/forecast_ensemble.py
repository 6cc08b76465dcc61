"""An ensemble of forecasting networks, whose forecasts are pooled."""

from collections.abc import Sequence
from typing import cast

from torch import nn

from unrolled.backends import Precision
from unrolled.layers import Stack
from unrolled.models.forecast_outputs import ForecastOutput
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster

Member = RecursiveForecaster | DirectForecaster


class ForecastEnsemble(nn.Module):
    """Ensemble of M ≥ 2 networks with different initial weights, so that their errors partly cancel.

    The members share only the data (Hansen & Salamon 1990; Lakshminarayanan et al. 2017).

    Args:
        members: networks that only differ in their weights.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def output(self) -> ForecastOutput:
        """Output type, which is the same for all members."""
        return get_members(self)[0].output

    @property
    def precision(self) -> Precision:
        """Precision of the products in the recurrent layers of every member."""
        return get_members(self)[0].precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        for member in get_members(self):
            member.precision = value

    def parts(self) -> list[str | Stack]:
        """Return the parts of the first member for :func:`unrolled.models.summary.summarise`."""
        return [
            f"mean of {len(self.members)} networks with different weights",
            *get_members(self)[0].parts(),
        ]


ForecastModel = Member | ForecastEnsemble


def get_members(model: ForecastModel) -> list[Member]:
    """Return the members of an ensemble, or a list with the single network."""
    if not isinstance(model, ForecastEnsemble):
        return [model]
    return cast(list[Member], list(model.members))
