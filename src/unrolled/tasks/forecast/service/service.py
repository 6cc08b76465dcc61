"""The operations of a forecaster: forecasts of series, and series that arrive in parts."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from unrolled.tasks.base.service import Limits, Operation, Service, State, StatefulOperation
from unrolled.tasks.forecast.runtime import ForecasterRuntime
from unrolled.tasks.forecast.service.answer import check_finite, make_answer
from unrolled.tasks.forecast.service.details import describe, example_request
from unrolled.tasks.forecast.service.influence import measure_influence
from unrolled.tasks.forecast.service.messages import (
    ForecastAnswer,
    ForecastRequest,
    InfluenceAnswer,
    InfluenceRequest,
    ReadAnswer,
    ReadRequest,
)
from unrolled.tasks.forecast.service.reading import SeriesReading
from unrolled.tasks.forecast.service.running import Job, forecast_all
from unrolled.tasks.forecast.service.series import SeriesRequests
from unrolled.tasks.forecast.service.times import write_times


class ForecasterService(Service[ForecasterRuntime]):
    """Forecasts of a trained forecaster; see :class:`Service`."""

    def __init__(self, runtime: ForecasterRuntime, limits: Limits) -> None:
        super().__init__(runtime, limits)
        self._requests = SeriesRequests(runtime, limits)
        self._reading = SeriesReading(self._requests)

    def operations(self) -> Sequence[Operation[Any, Any] | StatefulOperation[Any, Any]]:
        """See :meth:`Service.operations`."""
        example = example_request(self.details())
        return [
            Operation(
                "forecast",
                "The steps after a series",
                ForecastRequest,
                ForecastAnswer,
                self.forecast,
                example=example,
            ),
            Operation(
                "influence",
                "How the forecast of a series depends on its last values",
                InfluenceRequest,
                InfluenceAnswer,
                self.influence,
                example=example,
            ),
            StatefulOperation(
                "read",
                "The steps after a series whose values arrive in parts",
                ReadRequest,
                ReadAnswer,
                self.read,
                example=example | {"keep": "session"},
            ),
        ]

    def details(self) -> dict[str, Any]:
        """See :meth:`Service.details`."""
        return self._details

    @cached_property
    def _details(self) -> dict[str, Any]:
        return describe(self._requests)

    def forecast(self, requests: Sequence[ForecastRequest]) -> list[ForecastAnswer]:
        """Answer requests in their order.

        Raises:
            ConfigError: if a request asks for what the model cannot do.
            DataError: if the model cannot read a series, or its forecast is not a finite number.
        """
        with np.errstate(all="ignore"):  # of huge values; the answers are checked
            jobs, notes = [], []
            for request in requests:
                job, job_notes = self._plan(request)
                jobs.append(job)
                notes.append(job_notes)
            return [
                make_answer(self.runtime, job.series, forecasts, request.samples, job_notes)
                for request, job, forecasts, job_notes in zip(
                    requests, jobs, forecast_all(self.runtime, jobs), notes, strict=True
                )
            ]

    def influence(self, requests: Sequence[InfluenceRequest]) -> list[InfluenceAnswer]:
        """Answer requests in their order; for errors see :meth:`forecast`."""
        with np.errstate(all="ignore"):
            return [self._measure(request) for request in requests]

    def read(self, request: ReadRequest, state: State | None) -> tuple[ReadAnswer, State]:
        """Continue a series by the values of a request, and forecast what follows; return the state after it.

        Raises:
            ConfigError: if the request asks for what the model cannot do.
            DataError: if the model cannot read the series, or its forecast is not a finite number.
            ShapeError: if the state is not one of this model.
        """
        with np.errstate(all="ignore"):
            return self._reading.read(request, state)

    def _plan(self, request: ForecastRequest) -> tuple[Job, list[str]]:
        """Return what to forecast for a request, and notes on its series."""
        steps = self._requests.steps(request.horizon)
        samples = self._requests.samples(request.samples, steps)
        series = self._requests.read(request)
        job = Job(self._requests.cut(series, steps), steps, samples, request.seed)
        return job, self._requests.notes(series)

    def _measure(self, request: InfluenceRequest) -> InfluenceAnswer:
        job, _ = self._plan(request)
        derivatives = measure_influence(self.runtime, job.series, job.steps, request.last, job.seed)
        return InfluenceAnswer(
            series=job.series.name,
            times=write_times(job.series.future(job.steps)),
            influence=check_finite(derivatives).tolist(),
        )
