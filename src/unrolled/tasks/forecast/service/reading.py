"""Series that arrive in parts: each request continues from the state after the one before."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.config import require
from unrolled.data.series import Series
from unrolled.errors import ShapeError
from unrolled.tasks.base.service import State
from unrolled.tasks.forecast.history import KNOWN, PAST, STEPS, TARGET
from unrolled.tasks.forecast.lookback import fewest_steps
from unrolled.tasks.forecast.service.answer import make_answer
from unrolled.tasks.forecast.service.messages import ReadAnswer, ReadRequest
from unrolled.tasks.forecast.service.series import SeriesRequests, read_columns
from unrolled.tasks.forecast.service.times import times_from, trained_axis
from unrolled.tasks.forecast.stream import POSITION, ForecastStream

WHICH = "which"
"""Name of the part of a state with the name of the series and its start, JSON in UTF-8."""
MOST_STEPS = 10_000_000
"""Maximum number of steps of a series that is continued."""


@dataclass(frozen=True)
class SeriesReading:
    """Series of one model that arrive in parts."""

    requests: SeriesRequests

    def read(self, request: ReadRequest, state: State | None) -> tuple[ReadAnswer, dict[str, NDArray[Any]]]:
        """See :meth:`ForecasterService.read`."""
        steps = self.requests.steps(request.horizon)
        samples = self.requests.samples(request.samples, steps)
        if state is None:
            name, start, known = self.requests.name(request.series), request.start, None
            stream = self._begin(self.requests.make(request, steps))
        else:
            name, start = _which(state)
            stream = self._restore(request, state, name, start, steps)
            known = self._observe(stream, request, steps)
        series, forecasts = stream.forecast_series(steps, known, samples, request.seed)
        answer = make_answer(self.requests.runtime, series, forecasts, request.samples, [])
        which = np.frombuffer(json.dumps([name, start]).encode(), np.uint8)
        return ReadAnswer(steps=stream.steps, forecast=answer), stream.state() | {WHICH: which}

    def _begin(self, series: Series) -> ForecastStream:
        return self.requests.runtime.stream_series(series)

    def _observe(self, stream: ForecastStream, request: ReadRequest, ahead: int) -> Any:
        """Continue a series; return the known covariates of the steps to forecast."""
        columns, count = self.requests.runtime.config.columns, len(request.values)
        known = read_columns(request.known, "known", columns.known, count + ahead)
        past = read_columns(request.past, "past", columns.past, count)
        if count:
            values = self.requests.numbers(request.values)
            stream.observe(
                values, known=known[:count] if columns.known else None, past=past if columns.past else None
            )
        return known[count:] if columns.known else None

    def _restore(
        self, request: ReadRequest, state: State, name: str, start: str, ahead: int
    ) -> ForecastStream:
        """Return the stream of a state.

        Raises:
            ConfigError: if the request names another series or start, or is too long.
            ShapeError: if the state is not one of this model.
        """
        config, runtime = self.requests.runtime.config, self.requests.runtime
        if name not in runtime.artifacts.series:
            raise ShapeError(f"state {WHICH!r} names no series of this model")
        for field, before in (("series", name), ("start", start)):
            value = getattr(request, field)
            require(
                value in ("", before),
                f"{field}={value!r:.100}: the earlier requests have {before!r:.100}; leave it out",
            )
        steps = _whole(state, STEPS, 0, MOST_STEPS)
        count = steps + len(request.values) + ahead
        axis = trained_axis(self.requests.facts(name), runtime.artifacts.season)
        times = times_from(start, count, axis, config)
        fewest = fewest_steps(config, runtime.artifacts.series[name].linear)
        known, past = (np.zeros((fewest, len(c))) for c in (config.columns.known, config.columns.past))
        index = times.axis.at(times.index, np.arange(fewest))
        stream = self._begin(Series(name, index, np.ones(fewest), known, past, axis=times.axis))
        kept = _check_state(stream.state(), state, fewest, self.requests.limits.steps)
        self.requests.check_most(name, kept + len(request.values), "values")
        if not fewest <= kept <= steps:
            raise ShapeError(f"state {TARGET!r} has {kept} steps of {steps}")
        stream.restore({key: value for key, value in state.items() if key != WHICH})
        return stream


def _which(state: State) -> tuple[str, str]:
    """Return the name of the series of a state, and its start."""
    try:
        name, start = json.loads(np.asarray(state[WHICH], np.uint8).tobytes())
    except (KeyError, ValueError, TypeError):
        raise ShapeError(f"state {WHICH!r} is missing or not one of a forecaster") from None
    if not isinstance(name, str) or not isinstance(start, str):
        raise ShapeError(f"state {WHICH!r} is not one of a forecaster")
    return name, start


def _whole(state: State, name: str, low: int, high: int) -> int:
    """Return a whole number of a state."""
    value = np.asarray(state.get(name, np.nan))
    if value.size != 1 or value.dtype.kind not in "iu" or not low <= int(value.ravel()[0]) <= high:
        raise ShapeError(f"state {name!r} is missing or not a whole number from {low} to {high}")
    return int(value.ravel()[0])


def _check_state(like: State, state: State, fewest: int, ahead: int) -> int:
    """Return the number of kept steps of a state.

    Raises:
        ShapeError: if it is not a state of the stream with the state ``like``.
    """
    if state.keys() - {WHICH} != like.keys():
        raise ShapeError(f"the state has the parts {sorted(state)}, not those of this model")
    kept = len(np.atleast_1d(state[TARGET]))
    for name, part in like.items():
        value = np.asarray(state[name])
        fits = value.dtype.kind in "iuf" and value.ndim == part.ndim and value.shape[1:] == part.shape[1:]
        if name in (PAST, KNOWN):
            fits = fits and kept <= len(value) <= kept + (ahead if name == KNOWN else 0)
        elif name.endswith(f" {POSITION}"):
            _whole(state, name, 0, kept + 1)
        elif name not in (TARGET, STEPS):
            fits = fits and value.shape == part.shape
        if not fits or not np.isfinite(value).all():
            raise ShapeError(f"state {name!r} is not one of this model")
    return kept
