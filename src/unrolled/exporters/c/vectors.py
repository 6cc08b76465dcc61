"""Inputs and the outputs to expect, recorded with the export, so that a target can check itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ExportError
from unrolled.exporters.c.weights import Precision
from unrolled.programs.evaluate import Evaluator
from unrolled.programs.program import Program
from unrolled.programs.quantise import Int8Product

LARGEST_RECORD = 20_000
"""Numbers up to which a record may grow, so that it stays a small source file."""
TOLERANCES: Mapping[Precision, float] = {"float32": 1e-5, "int8": 1e-2}
"""Largest difference of a source from numpy. With int8, a rounding error in the last bit of a float can move
a value to the next whole number."""


@dataclass(frozen=True)
class Vectors:
    """Steps from the initial state on, with the outputs to expect."""

    outputs: Mapping[str, NDArray[Any]]
    """Each output (T, size)."""
    inputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Each input (T, size)."""
    tokens: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Each token (T,)."""
    tolerance: float | None = None
    """Largest difference allowed in float32, times max(1, |expected|); None is 1e-5."""

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(next(iter(self.outputs.values())))


def record_vectors(program: Program, weights: Mapping[str, NDArray[Any]], precision: Precision) -> Vectors:
    """Return vectors of random inputs, with the outputs that numpy computes."""
    rng = np.random.default_rng(0)
    sizes = [*program.inputs.values(), *(program.operations[i].size for i in program.outputs.values())]
    steps = max(3, min(32, LARGEST_RECORD // max(1, sum(sizes))))
    inputs = {k: rng.normal(size=(steps, n)).astype(np.float32) for k, n in program.inputs.items()}
    tokens = {k: rng.integers(0, n, steps) for k, n in program.tokens.items()}
    return Vectors(compute_outputs(program, weights, precision, inputs, tokens), inputs, tokens)


def compute_outputs(
    program: Program,
    weights: Mapping[str, NDArray[Any]],
    precision: Precision,
    inputs: Mapping[str, NDArray[Any]],
    tokens: Mapping[str, NDArray[Any]],
) -> dict[str, NDArray[Any]]:
    """Return the outputs of numpy: in float64 for float32, in the arithmetic of the source for int8."""
    is_int8 = precision == "int8"
    dtype = np.float32 if is_int8 else np.float64
    arrays = {name: np.asarray(weight, dtype) for name, weight in weights.items()}
    return Evaluator(program, arrays, Int8Product() if is_int8 else None).run(inputs, tokens)


def compare_vectors(
    program: Program, weights: Mapping[str, NDArray[Any]], precision: Precision, vectors: Vectors
) -> tuple[Vectors, float]:
    """Return the vectors to check a source with, and how far its precision is from the outputs of the module.

    Raises:
        ExportError: if a float32 program does not compute the outputs of the module.
    """
    outputs = compute_outputs(program, weights, precision, vectors.inputs, vectors.tokens)
    difference = max(
        float(np.max(np.abs(outputs[name] - expected) / np.maximum(1, np.abs(expected))))
        for name, expected in vectors.outputs.items()
    )
    if precision == "int8":
        return replace(vectors, outputs=outputs, tolerance=None), difference
    tolerance = TOLERANCES[precision] if vectors.tolerance is None else vectors.tolerance
    if not difference <= tolerance:
        raise ExportError(
            f"vectors: the program differs from the recorded outputs by {difference:.2g}, more than "
            f"{tolerance:g}: they belong to other weights, or start from another state"
        )
    return vectors, difference


def check_vectors(program: Program, vectors: Vectors) -> None:
    """Raise ExportError unless the vectors hold every input, token and output of the program."""
    outputs = {name: program.operations[i].size for name, i in program.outputs.items()}
    for kind, given, sizes in (
        ("input", vectors.inputs, program.inputs),
        ("output", vectors.outputs, outputs),
        ("token", vectors.tokens, program.tokens),
    ):
        if set(given) != set(sizes):
            raise ExportError(f"vectors: {kind}s are {sorted(given)}, but the program has {sorted(sizes)}")
        for name, size in sizes.items():
            shape = (vectors.steps,) if kind == "token" else (vectors.steps, size)
            if np.shape(given[name]) != shape:
                raise ExportError(f"vectors: {kind} {name!r} has shape {np.shape(given[name])}, not {shape}")
