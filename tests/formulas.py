"""Formulas in plain Python on lists of numbers, to check the equations of cells against."""

import math
from collections.abc import Callable

from torch import Tensor

Vector = list[float]


def sigmoid(v: float) -> float:
    """Return 1 / (1 + e^-v)."""
    return 1.0 / (1.0 + math.exp(-v))


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "relu": lambda v: max(v, 0.0),
    "sigmoid": sigmoid,
    "identity": lambda v: v,
}


def product(matrix: Tensor, vector: Vector, bias: Tensor | None = None) -> Vector:
    """Return matrix · vector + bias, one multiplication at a time."""
    rows = matrix.tolist()
    shift = [0.0] * len(rows) if bias is None else bias.tolist()
    result = []
    for row, start in zip(rows, shift, strict=True):
        assert len(row) == len(vector)
        total = start
        for weight, value in zip(row, vector, strict=True):
            total += weight * value
        result.append(total)
    return result


def normalise(vector: Vector, gain: Tensor, shift: Tensor | None = None) -> Vector:
    """Return (v − mean) / √(variance + 1e-5) · gain + shift."""
    mean = sum(vector) / len(vector)
    variance = sum((v - mean) ** 2 for v in vector) / len(vector)
    shifts = [0.0] * len(vector) if shift is None else shift.tolist()
    scale = 1.0 / math.sqrt(variance + 1e-5)
    return [(v - mean) * scale * g + s for v, g, s in zip(vector, gain.tolist(), shifts, strict=True)]


def plus(*vectors: Vector) -> Vector:
    """Return the sum of vectors."""
    return [sum(values) for values in zip(*vectors, strict=True)]


def times(*vectors: Vector) -> Vector:
    """Return the elementwise product of vectors."""
    return [math.prod(values) for values in zip(*vectors, strict=True)]


def each(function: Callable[[float], float], vector: Vector) -> Vector:
    """Apply a function to every element."""
    return [function(v) for v in vector]
