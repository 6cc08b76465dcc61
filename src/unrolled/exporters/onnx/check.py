"""Check an exported graph: ONNX Runtime and the model, given the same inputs, must give the same outputs."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ExportError
from unrolled.extras import extra

with extra("onnx", "the ONNX export"):
    import onnxruntime

Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], Arrays]
"""Computes the outputs of a graph from its inputs, all by name."""

TOLERANCE = 1e-4
"""Largest difference that is accepted in float32."""
FIRST_STEPS = 8
"""Number of steps over which rounding errors hardly grow."""
MARGIN = 4.0
"""How much larger than the rounding error of the model a difference may be."""
TIMED_RUNS = 3
ERRORS_ONLY = 3
"""ONNX Runtime's number for the level of its log."""


@dataclass(frozen=True)
class Reference:
    """A model, to compare its graph with."""

    run: Run
    exact: Run | None = None
    """The model in float64; without it, rounding errors of the model are not known."""


@dataclass(frozen=True)
class Rounding:
    """How far rounding errors explain a difference: in some networks they grow from step to step."""

    error: float
    """Largest difference between the model in float32 and in float64."""
    first_difference: float
    """Largest difference of the graph over the first steps, where the errors are still small."""

    def explains(self, difference: float) -> bool:
        """Return whether a difference comes from rounding."""
        return difference <= MARGIN * self.error and self.first_difference <= TOLERANCE


@dataclass(frozen=True)
class Check:
    """Agreement of a graph in ONNX Runtime with the model, and the speed of both."""

    graph: str
    """Name of the graph."""
    difference: float
    """Largest difference of an output or final state, whole sequence at once."""
    scale: float
    """Largest absolute value of an output or final state of the model."""
    step_difference: float | None
    """The same, one step at a time with the states carried; None if the graph cannot read in pieces."""
    agreement: float
    """Share of the integer outputs, such as tags, that are equal; 1 if there are none."""
    steps: int
    """Number of steps, T."""
    rows: int
    """Number of rows, B."""
    seconds: float
    """Time of ONNX Runtime for the whole sequence."""
    reference_seconds: float
    """Time of the model for the whole sequence."""
    step_seconds: float | None
    """Time of ONNX Runtime for one step; None if the graph cannot read in pieces."""
    reference_step_seconds: float | None
    """Time of the model for one step."""
    rounding: Rounding | None = None
    """Rounding errors, measured only where the difference is above :data:`TOLERANCE`."""

    @property
    def largest_difference(self) -> float:
        """The larger of the two differences."""
        return max(self.difference, self.step_difference or 0.0)

    def require_equal(self) -> None:
        """Raise ExportError if the graph and the model differ.

        Numbers may differ by :data:`TOLERANCE`, or more if that comes from rounding; integers must be equal.
        """
        is_explained = self.rounding is not None and self.rounding.explains(self.largest_difference)
        if not (self.largest_difference <= TOLERANCE or is_explained):  # NaN fails too
            raise ExportError(
                f"{self.graph}.onnx differs from the model by {self.largest_difference:.2g}, more than "
                f"{TOLERANCE:g}, on {self.rows} rows of {self.steps} steps in ONNX Runtime "
                f"{onnxruntime.__version__}"
            )
        if self.agreement < 1:
            raise ExportError(
                f"{self.graph}.onnx agrees with the model on {self.agreement:.1%} of the integer outputs in "
                f"ONNX Runtime {onnxruntime.__version__}"
            )

    def require_finite(self) -> None:
        """Raise ExportError if an output of the graph is NaN or infinite and that of the model is not."""
        if not math.isfinite(self.largest_difference):
            raise ExportError(f"{self.graph}.onnx gives NaN or infinity where the model gives numbers")


class Session:
    """A graph in ONNX Runtime.

    Args:
        source: file, or the bytes of a model.
        threads: threads of one operator.
    """

    def __init__(self, source: Path | bytes, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = ERRORS_ONLY
        data = source if isinstance(source, bytes) else str(source)
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self._session.get_outputs()]
        self.time_axes = {
            value.name: value.shape.index("time")
            for value in (*self._session.get_inputs(), *self._session.get_outputs())
            if "time" in value.shape
        }
        """Position of the time axis of each input and output that has one."""

    @cached_property
    def metadata(self) -> dict[str, str]:
        """Metadata of the model."""
        metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        return metadata

    @cached_property
    def states(self) -> list[str]:
        """Names of the states."""
        return [state["name"] for state in json.loads(self.metadata["states"])]

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """Return the outputs by name."""
        results = self._session.run(self.outputs, dict(inputs))
        return dict(zip(self.outputs, results, strict=True))


def check_graph(session: Session, inputs: Arrays, reference: Reference, *, streams: bool) -> Check:
    """Compare a graph with the model.

    Args:
        session: the graph.
        inputs: inputs by name.
        reference: the model.
        streams: also feed one step at a time.
    """
    expected, reference_seconds = _time(reference.run, inputs)
    outputs, seconds = _time(session.run, inputs)
    _require_same_shapes(outputs, expected)
    steps, rows = _count(session, inputs)
    stepped = step_seconds = reference_step_seconds = None
    if streams and steps:
        step_outputs, step_seconds = run_stepwise(session, session.run, inputs)
        _, reference_step_seconds = run_stepwise(session, reference.run, inputs)
        stepped = _largest_difference(step_outputs, expected)
    difference = _largest_difference(outputs, expected)
    rounding = None
    if reference.exact is not None and max(difference, stepped or 0.0) > TOLERANCE:
        rounding = _measure_rounding(session, inputs, expected, reference.run, reference.exact)
    return Check(
        session.metadata["graph"],
        difference,
        _largest({name: array for name, array in expected.items() if array.dtype.kind == "f"}),
        stepped,
        _agreement(outputs, expected),
        steps,
        rows,
        seconds,
        reference_seconds,
        step_seconds,
        reference_step_seconds,
        rounding,
    )


def run_stepwise(session: Session, run: Run, inputs: Arrays) -> tuple[dict[str, NDArray[Any]], float]:
    """Feed one step at a time and carry the states.

    Returns:
        The outputs, as for the whole sequence, and the mean time of a step in seconds.
    """
    steps, _ = _count(session, inputs)
    axes = {name: axis for name, axis in session.time_axes.items() if name in inputs}
    now = dict(inputs)
    results = []
    begin = perf_counter()
    for t in range(steps):
        now |= {name: np.take(inputs[name], [t], axis) for name, axis in axes.items()}
        results.append(run(now))
        now |= {state: results[-1][f"next_{state}"] for state in session.states}
    seconds = (perf_counter() - begin) / steps
    joined = {}
    for name, last in results[-1].items():
        parts = [result[name] for result in results]
        axis = session.time_axes.get(name)
        joined[name] = last if axis is None else np.concatenate(parts, axis)
    return joined, seconds


def _measure_rounding(session: Session, inputs: Arrays, expected: Arrays, run: Run, exact: Run) -> Rounding:
    error = _largest_difference(expected, exact(inputs))
    first = dict(inputs)
    for name, axis in session.time_axes.items():
        if name in inputs:
            first[name] = np.take(inputs[name], range(min(FIRST_STEPS, inputs[name].shape[axis])), axis)
    if "lengths" in inputs and session.time_axes:
        first["lengths"] = np.minimum(inputs["lengths"], FIRST_STEPS)
    return Rounding(error, _largest_difference(session.run(first), run(first)))


def _count(session: Session, inputs: Arrays) -> tuple[int, int]:
    """Return the number of steps, or 0 without a time axis, and of rows."""
    for name, axis in session.time_axes.items():
        if name in inputs:
            shape = inputs[name].shape
            return shape[axis], shape[1 - axis]
    return 0, len(next(iter(inputs.values())))


def _time(run: Run, inputs: Arrays) -> tuple[Arrays, float]:
    """Return the outputs, and the shortest time of several runs."""
    outputs = run(inputs)
    times = []
    for _ in range(TIMED_RUNS):
        begin = perf_counter()
        run(inputs)
        times.append(perf_counter() - begin)
    return outputs, min(times)


def _largest_difference(outputs: Arrays, expected: Arrays) -> float:
    floats = [name for name, array in expected.items() if array.dtype.kind == "f"]
    return _largest({name: outputs[name] - expected[name] for name in floats})


def _largest(arrays: Arrays) -> float:
    """Return the largest absolute value; NaN if there is one."""
    return float(np.max([np.abs(array).max(initial=0.0) for array in arrays.values()], initial=0.0))


def _agreement(outputs: Arrays, expected: Arrays) -> float:
    equal = [(outputs[n] == array).ravel() for n, array in expected.items() if array.dtype.kind == "i"]
    return float(np.concatenate(equal).mean()) if equal else 1.0


def _require_same_shapes(outputs: Arrays, expected: Arrays) -> None:
    if outputs.keys() != expected.keys():
        raise ExportError(f"the reference gives {', '.join(expected)}, but the graph {', '.join(outputs)}")
    for name, array in expected.items():
        if outputs[name].shape != array.shape:
            raise ExportError(
                f"output {name!r} of the graph has shape {outputs[name].shape}, of the model {array.shape}"
            )
