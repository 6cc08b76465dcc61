"""The forecaster without torch: forecasts of the future, and streams of observations."""

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from unrolled.data.series import Series
from unrolled.errors import ExportError
from unrolled.models.native.forecaster import make_forecaster
from unrolled.models.steps.forecaster import ForecasterSpec, direct_step, recursive_step
from unrolled.programs.program import Program, Shape
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import known_size
from unrolled.tasks.forecast.forecasting import Forecasting
from unrolled.tasks.forecast.native_network import NativeNetwork
from unrolled.tasks.forecast.stream import ForecastStream, check_single, find_series

if TYPE_CHECKING:
    from unrolled.tasks.forecast.task import Source


class ForecasterRuntime(Runtime[ForecasterConfig, ForecasterArtifacts], Forecasting):
    """A trained forecaster in the native runtime; see :class:`Runtime` and :class:`Forecasting`.

    Sampled paths use numpy's random numbers: a seed gives other paths than with torch.
    """

    verb: ClassVar[str] = "forecast"
    predict_file = Forecasting.predict_file

    @cached_property
    def specs(self) -> list[ForecasterSpec]:
        """The networks: one, or those of an ensemble."""
        c = self.config
        count = c.forecast.members
        return [
            ForecasterSpec(
                past=len(c.columns.past),
                known=known_size(c),
                outputs=c.forecast.build().size,
                horizon=0 if c.forecast.strategy == "recursive" else c.forecast.horizon,
                cell=c.cell,
                network=c.network,
                dropout=c.dropout,
                prefix="" if count == 1 else f"members.{i}.",
            )
            for i in range(count)
        ]

    def shapes(self) -> dict[str, Shape]:
        """See :meth:`Runtime.shapes`."""
        return {name: shape for spec in self.specs for name, shape in spec.shapes().items()}

    def step_program(self) -> Program:
        """See :meth:`Runtime.step_program`: the network, in scaled units, without its linear part."""
        if len(self.specs) > 1:
            raise ExportError(
                f"an ensemble of {len(self.specs)} networks is more than one step: use to='onnx', or train "
                "with members=1"
            )
        (spec,) = self.specs
        return direct_step(spec) if spec.horizon else recursive_step(spec)

    @cached_property
    def network(self) -> NativeNetwork:
        """The networks with their weights."""
        output = self.config.forecast.build()
        members = [make_forecaster(spec, output, self.weights, self.precision) for spec in self.specs]
        return NativeNetwork(members, self.config)

    def _network(self) -> NativeNetwork:
        return self.network

    def stream(self, batch: int = 1, *, data: "Source | None" = None, series: str = "") -> ForecastStream:
        """Return a stream of one series, which is continued observation by observation.

        Args:
            batch: must be 1; make a stream for each series.
            data: the series up to the present, as for :meth:`predict`.
            series: name of the series, if there are several.

        Raises:
            DataError: if the series cannot be used, or there is no such series.
            ConfigError: if ``batch`` is not 1, or there are several series and no name is given.
        """
        check_single(batch)
        return self.stream_series(find_series(self._get_series(data), series))

    def stream_series(self, series: Series) -> ForecastStream:
        """Return a stream of a series that was read already."""
        return ForecastStream(self, self.network, series)
