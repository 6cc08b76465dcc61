"""Forecasters in the native runtime: recursive, or direct for all steps of a horizon."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Numbers
from unrolled.engine import Engine, Precision, Stream
from unrolled.models.forecast_outputs import DistributionOutput, ForecastOutput, RandomNumbers
from unrolled.models.steps.forecaster import (
    KNOWN,
    STEP,
    ForecasterSpec,
    features_step,
    head_step,
    horizon_step,
    recursive_step,
)
from unrolled.models.steps.vectors import OUTPUT, VECTOR
from unrolled.programs.program import Program

Array = NDArray[np.float32]


class NativeForecaster(ABC):
    """One network of a forecaster.

    Args:
        spec: sizes and configuration.
        output: output type, which interprets the outputs of the network.
        weights: weights by the names of the module's state dict.
        precision: precision of the products.
    """

    def __init__(
        self,
        spec: ForecasterSpec,
        output: ForecastOutput,
        weights: Mapping[str, Array],
        precision: Precision = "float32",
    ) -> None:
        self.spec, self.output = spec, output
        self._weights, self._precision = weights, precision
        self.reader = self._make_engine(self._reader_program())

    def _make_engine(self, program: Program) -> Engine:
        weights = {name: self._weights[name] for name in program.parameters}
        return Engine(program, weights, self._precision)

    @abstractmethod
    def _reader_program(self) -> Program:
        """Return the program that reads the series."""

    @abstractmethod
    def continue_from(
        self, stream: Stream, y: Array, future: Numbers, draws: int, rng: RandomNumbers
    ) -> Numbers:
        """Return forecasts z (N, H, draws or quantiles) in scaled units.

        Args:
            stream: N rows of :attr:`reader` that have read the series; they may be changed.
            y: output of the reader for the last step of each row.
            future: known features of the steps to forecast, (H, N, K).
            draws: number of sampled paths; 1 without sampling.
            rng: source of the random numbers.
        """


class NativeRecursive(NativeForecaster):
    """A recursive forecaster, which reads its own forecasts; the reader's output is that of the next step."""

    def _reader_program(self) -> Program:
        return recursive_step(self.spec)

    def continue_from(
        self, stream: Stream, y: Array, future: Numbers, draws: int, rng: RandomNumbers
    ) -> Numbers:
        """See :meth:`NativeForecaster.continue_from`."""
        rows = np.repeat(np.arange(len(y)), draws)
        stream.keep(rows.tolist())
        known = future[:, rows].astype(np.float32)
        steps = [self._choose(y[rows], rng)]
        for features in known[1:]:
            x = np.concatenate([steps[-1][:, None], features], axis=1)
            steps.append(self._choose(stream.step({VECTOR: x}, {})[OUTPUT], rng))
        z = np.stack(steps, axis=1).reshape(len(y), draws, len(future))
        return z.swapaxes(1, 2).astype(np.float64)

    def _choose(self, y: Array, rng: RandomNumbers) -> Array:
        """Return the value of a step: sampled if the output is a distribution."""
        if isinstance(self.output, DistributionOutput):
            return self.output.sample_array(y, rng).astype(np.float32)
        return self.output.centre(y)


class NativeDirect(NativeForecaster):
    """A direct forecaster; the reader's output is h_t, and a head computes the steps of the horizon."""

    def __init__(
        self,
        spec: ForecasterSpec,
        output: ForecastOutput,
        weights: Mapping[str, Array],
        precision: Precision = "float32",
    ) -> None:
        super().__init__(spec, output, weights, precision)
        self._horizon = self._make_engine(horizon_step(spec))
        self._head = self._make_engine(head_step(spec))

    def _reader_program(self) -> Program:
        return features_step(self.spec)

    def continue_from(
        self, stream: Stream, y: Array, future: Numbers, draws: int, rng: RandomNumbers
    ) -> Numbers:
        """See :meth:`NativeForecaster.continue_from`; sampled forecasts are the median, then the draws."""
        outputs = self._outputs(y, future)
        if isinstance(self.output, DistributionOutput):
            centre = self.output.centre(outputs)[..., None]
            repeated = np.broadcast_to(outputs[..., None, :], (*outputs.shape[:2], draws, outputs.shape[-1]))
            drawn = self.output.sample_array(repeated, rng)
            return np.concatenate([centre, drawn], axis=-1).astype(np.float64)
        if self.output.size == 1:
            return self.output.centre(outputs)[..., None].astype(np.float64)
        return outputs.astype(np.float64)

    def _outputs(self, h: Array, future: Numbers) -> Array:
        """Return the outputs (N, H, P) for h (N, F) and the known features (H, N, K) of the steps."""
        steps, rows, _ = future.shape
        a = self._horizon.stream(rows).step({VECTOR: h}, {})[OUTPUT]
        a = a.reshape(rows, self.spec.horizon, -1)[:, :steps]
        inputs: dict[str, NDArray[Any]] = {STEP: a.reshape(rows * steps, -1)}
        if self.spec.known:
            inputs[KNOWN] = future.swapaxes(0, 1).reshape(rows * steps, -1)
        y = self._head.stream(rows * steps).step(inputs, {})[OUTPUT]
        return y.reshape(rows, steps, -1)


def make_forecaster(
    spec: ForecasterSpec,
    output: ForecastOutput,
    weights: Mapping[str, Array],
    precision: Precision = "float32",
) -> NativeForecaster:
    """Return the forecaster of a specification; see :class:`NativeForecaster`."""
    kind = NativeDirect if spec.horizon else NativeRecursive
    return kind(spec, output, weights, precision)
