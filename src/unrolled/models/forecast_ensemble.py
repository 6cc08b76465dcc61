"""Forecasting networks of one kind side by side, whose forecasts are pooled."""

from collections.abc import Sequence
from typing import cast

from torch import nn

from unrolled.backends import Precision
from unrolled.layers import Stack
from unrolled.models.forecast_outputs import ForecastOutput
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster

Member = RecursiveForecaster | DirectForecaster


class ForecastEnsemble(nn.Module):
    """M ≥ 2 networks, each from a start of its own: their errors differ and partly cancel.

    They share nothing but the data (Hansen & Salamon 1990; Lakshminarayanan et al. 2017).

    Args:
        members: networks that differ in their weights only.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def output(self) -> ForecastOutput:
        """Reads what each member says."""
        return members_of(self)[0].output

    @property
    def precision(self) -> Precision:
        """Of the products in the recurrent layers of every member."""
        return members_of(self)[0].precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        for member in members_of(self):
            member.precision = value

    def parts(self) -> list[str | Stack]:
        """Return what stands on what in the first member; see :func:`unrolled.models.summary.summarise`."""
        return [
            f"mean of {len(self.members)} networks with weights of their own",
            *members_of(self)[0].parts(),
        ]


Forecasting = Member | ForecastEnsemble


def members_of(model: Forecasting) -> list[Member]:
    """Return the members of an ensemble; of a single network, itself."""
    if not isinstance(model, ForecastEnsemble):
        return [model]
    return cast(list[Member], list(model.members))
