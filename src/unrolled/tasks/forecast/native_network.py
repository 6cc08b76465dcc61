"""The networks of a forecaster in the native runtime."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from unrolled.data.series import Numbers
from unrolled.engine import Stream
from unrolled.models.native.forecaster import NativeForecaster
from unrolled.models.steps.vectors import OUTPUT, VECTOR
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.rolling import cut_windows_before

Array = NDArray[np.float32]


class NativeNetwork:
    """Native networks; see :class:`unrolled.tasks.forecast.rolling.ForecastNetwork`."""

    def __init__(self, members: Sequence[NativeForecaster], config: ForecasterConfig) -> None:
        self.members, self._config = members, config

    @contextmanager
    def drawing(self, seed: int) -> Iterator[list["NativeMember"]]:
        """See :meth:`ForecastNetwork.drawing`."""
        rng = np.random.default_rng(seed)
        yield [NativeMember(member, self._config, rng) for member in self.members]


class NativeMember:
    """One native network; see :class:`unrolled.tasks.forecast.rolling.ForecastMember`."""

    def __init__(self, model: NativeForecaster, config: ForecasterConfig, rng: np.random.Generator) -> None:
        self._model, self._config, self._rng = model, config, rng

    def forecast(
        self, prepared: PreparedSeries, origins: Sequence[int], future: Numbers, draws: int
    ) -> Numbers:
        """See :meth:`ForecastMember.forecast`."""
        ends = [prepared.end_of_input(o) for o in origins]
        is_stream = self._config.training.mode == "stream"
        stream, y = self._read_along(prepared, ends) if is_stream else self._read_windows(prepared, ends)
        return self._model.continue_from(stream, y, future, draws, self._rng)

    def _read_windows(self, prepared: PreparedSeries, ends: Sequence[int]) -> tuple[Stream, Array]:
        """Read a window before each end, as in training; return the rows and their last outputs."""
        windows = cut_windows_before(prepared, ends, self._config.training.window)
        stream = self._model.reader.stream(len(ends))
        outputs = stream.run({VECTOR: windows.x}, {}, lengths=windows.lengths, last=True)
        return stream, outputs[OUTPUT]

    def _read_along(self, prepared: PreparedSeries, ends: Sequence[int]) -> tuple[Stream, Array]:
        """Read the series once; return a row for each end, and their last outputs. The ends must increase."""
        reader = self._model.reader.stream()
        position, outputs, states = prepared.first, [], []
        for end in ends:
            read_rows(reader, prepared, position, end)
            position = end
            outputs.append(reader.outputs()[OUTPUT])
            states.append(reader.state())
        stream = self._model.reader.stream(len(ends))
        stream.restore({name: np.concatenate([s[name] for s in states]) for name in states[0]})
        return stream, np.concatenate(outputs)


def read_rows(stream: Stream, prepared: PreparedSeries, begin: int, end: int) -> None:
    """Read the rows [begin, end) of a series into a stream of one row."""
    if begin < end:
        stream.run({VECTOR: prepared.inputs[begin:end, None]}, {}, last=True)
