"""A series that is observed step by step, with forecasts at any time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Numbers
from unrolled.config import require
from unrolled.data.scaling import check_positive
from unrolled.data.series import Series
from unrolled.errors import DataError, ShapeError, suggestion
from unrolled.models.native.forecaster import NativeForecaster
from unrolled.models.steps.vectors import OUTPUT, VECTOR
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.forecasting import Forecasting, check_samples
from unrolled.tasks.forecast.history import History
from unrolled.tasks.forecast.native_network import NativeNetwork, read_rows
from unrolled.tasks.forecast.rolling import ForecastMember, ForecastNetwork, Forecasts

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 256
"""Number of observations after which they are read and dropped."""
POSITION = "position"
"""Name of the next row to read, among the states of a network."""
State = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecast of the next H steps of one series, in data units."""

    point: Numbers
    """(H,): the forecast of the network; for a distribution its median."""
    mean: Numbers | None = None
    """(H,): mean of a distribution."""
    quantiles: Numbers | None = None
    """(H, Q); of point forecasts, those of the errors on the held-out or test part."""
    samples: Numbers | None = None
    """Sampled paths, (H, S)."""


class ForecastStream:
    """One series, continued observation by observation; made by ``stream()``.

    A forecast is that of ``predict`` for the series extended by the observations. Memory does not grow with
    the number of observations: only the steps that a forecast reads are kept, and states of the network if it
    was trained with ``mode="stream"``.

    Args:
        forecaster: the forecaster.
        network: its networks.
        series: the series so far.
    """

    def __init__(self, forecaster: Forecasting, network: NativeNetwork, series: Series) -> None:
        self._forecaster, self._network = forecaster, network
        self._config, self._name = forecaster.config, series.name
        is_carried = self._config.training.mode == "stream"
        self._readers = [Reader(member) for member in network.members] if is_carried else []
        first = forecaster._prepare(series).first
        self._history = History(series, first + 1 + (1 if is_carried else self._config.training.window))
        self._read_and_drop()
        self._start = self.state()

    @property
    def steps(self) -> int:
        """Number of steps observed, those of the series at the start included."""
        return self._history.steps

    def observe(self, value: Any, *, known: Any = None, past: Any = None) -> None:
        """Continue the series by the next observation, or by several.

        Args:
            value: a number, or numbers (n,), in data units.
            known: covariates known in advance of these steps, (n, …) in the order of ``--known``; None takes
                those that were given before.
            past: past covariates of these steps, (n, …) in the order of ``--past``.

        Raises:
            DataError: if a number is not finite or does not fit the transform, or a covariate is missing.
            ShapeError: if a shape does not fit.
        """
        values = np.atleast_1d(np.asarray(value, np.float64))
        check_positive(values, self._config.resolved_transform, f"series {self._name!r}")
        self._history.append(values, known, past)
        if self._history.extra >= CHUNK:
            self._read_and_drop()

    def forecast(
        self, horizon: int | None = None, *, known: Any = None, samples: int = 0, seed: int = 0
    ) -> Forecast:
        """Forecast the next steps, in data units.

        Args:
            horizon: H, number of steps; None takes the configuration's. See :meth:`Forecasting.predict`.
            known: covariates known in advance of these steps, (H, …); None takes those given before.
            samples: number of paths to sample from a distribution; 0 takes the configuration's.
            seed: seed of the paths.

        Raises:
            ConfigError: if the model cannot forecast that far, or ``samples`` is given and it has no paths.
            DataError: if known covariates are missing.
        """
        _, f = self.forecast_series(horizon, known, samples, seed)
        parts = (f.point, f.mean, f.quantiles, f.samples)
        return Forecast(*(None if part is None else part[0] for part in parts))  # type: ignore[arg-type]

    def predict(
        self, horizon: int | None = None, *, known: Any = None, samples: int = 0, seed: int = 0
    ) -> "pd.DataFrame":
        """Return :meth:`forecast` as a table, as :meth:`Forecasting.predict` does for the extended series."""
        from unrolled.tasks.forecast.score import forecast_table

        series, forecasts = self.forecast_series(horizon, known, samples, seed)
        return forecast_table(series, forecasts, self._config.forecast.quantiles, paths=samples > 0)

    def forecast_series(
        self, horizon: int | None, known: Any, samples: int, seed: int
    ) -> tuple[Series, Forecasts]:
        """Return the end of the series, and :meth:`forecast` of it as one of N = 1 series."""
        steps = self._config.steps_after_the_end(horizon)
        check_samples(self._config, samples)
        series = self._history.series(steps, known)
        network: ForecastNetwork = self._network
        if self._readers:
            network = CarriedNetwork(self._readers, self._history.kept)
        forecasts = self._forecaster._forecast_from_end(network, series, steps, samples, seed)
        return series, self._forecaster._add_intervals(series, forecasts)

    def state(self) -> State:
        """Return a copy of the state: the steps that are kept, and the states of the networks by name."""
        state = self._history.state()
        for number, reader in enumerate(self._readers):
            state |= {f"member {number} {name}": value for name, value in reader.state().items()}
        return state

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Set the state to that of :meth:`state`.

        Raises:
            ShapeError: if a part is missing or has another shape.
        """
        for number, reader in enumerate(self._readers):
            prefix = f"member {number} "
            reader.restore(
                {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}
            )
        self._history.restore(state)

    def copy(self) -> Self:
        """Return a stream with copies of the states."""
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        other._history = self._history.copy()
        other._readers = [reader.copy() for reader in self._readers]
        return other

    def reset(self) -> None:
        """Go back to the series at the start."""
        self.restore(self._start)

    def _read_and_drop(self) -> None:
        """Read the observations into the networks if states are kept, and drop those that are not needed."""
        if self._readers:
            prepared = self._forecaster._prepare(self._history.series(0))
            for reader in self._readers:
                reader.advance(prepared, prepared.end_of_input(self._history.kept) - 1)
        dropped = self._history.trim()
        for reader in self._readers:
            reader.position -= dropped


class Reader:
    """A network that has read the beginning of a series, with ``mode="stream"``."""

    def __init__(self, model: NativeForecaster) -> None:
        self.model, self.position = model, 0
        self.stream = model.reader.stream()

    def copy(self) -> "Reader":
        """Return a reader with copies of the states."""
        other = Reader(self.model)
        other.stream, other.position = self.stream.copy(), self.position
        return other

    def advance(self, prepared: PreparedSeries, end: int) -> None:
        """Read the rows of a series up to ``end``."""
        read_rows(self.stream, prepared, max(self.position, prepared.first), end)
        self.position = max(self.position, end)

    def state(self) -> State:
        """Return a copy of the states."""
        return self.stream.state() | {POSITION: np.array(self.position)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Set the states to those of :meth:`state`."""
        if POSITION not in state:
            raise ShapeError(f"state {POSITION!r} is missing")
        self.stream.restore({name: value for name, value in state.items() if name != POSITION})
        self.position = int(state[POSITION])


@dataclass(frozen=True)
class CarriedNetwork:
    """Networks that have read the beginning of a series; see :class:`ForecastNetwork`."""

    readers: list[Reader]
    observed: int
    """Number of steps observed. Later ones are forecasts, which change no reader."""

    @contextmanager
    def drawing(self, seed: int) -> Iterator[Sequence[ForecastMember]]:
        """See :meth:`ForecastNetwork.drawing`."""
        rng = np.random.default_rng(seed)
        yield [CarriedMember(reader, self.observed, rng) for reader in self.readers]


@dataclass(frozen=True)
class CarriedMember:
    """One network of a :class:`CarriedNetwork`; see :class:`ForecastMember`."""

    reader: Reader
    observed: int
    rng: np.random.Generator

    def forecast(
        self, prepared: PreparedSeries, origins: Sequence[int], future: Numbers, draws: int
    ) -> Numbers:
        """See :meth:`ForecastMember.forecast`; there is one origin, the end of the series."""
        [origin] = origins
        # The last row is read in a copy, whose output begins the forecast.
        self.reader.advance(prepared, prepared.end_of_input(self.observed) - 1)
        stream = self.reader.stream.copy()
        rows = prepared.inputs[self.reader.position : prepared.end_of_input(origin), None]
        y = stream.run({VECTOR: rows}, {}, last=True)[OUTPUT]
        return self.reader.model.continue_from(stream, y, future, draws, self.rng)


def check_single(batch: int) -> None:
    """Raise ConfigError if a stream of several series is asked for."""
    require(batch == 1, f"batch={batch}: a stream has one series; make a stream for each series")


def find_series(series: Sequence[Series], name: str) -> Series:
    """Return the series with this name, or the only one if the name is empty.

    Raises:
        DataError: if there is no such series.
        ConfigError: if there are several and the name is empty.
    """
    found = {s.name: s for s in series}
    if not name:
        require(
            len(found) == 1,
            f"there are {len(found)} series: choose one with series=, such as {next(iter(found))!r}",
        )
        return series[0]
    if name not in found:
        raise DataError(
            f"series {name!r}: is not among the series{suggestion(name, found)}; there are "
            f"{', '.join(map(repr, list(found)[:8]))}"
        )
    return found[name]
