"""Products in int8: weights with one scale per row, vectors with one scale per step, sums in int32."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.programs.program import Operation, Program

LIMIT = 127
"""Largest quantised value; −128 is not used, so that scales are symmetric."""
SMALLEST = np.float32(1e-30)
"""Vectors whose largest absolute value is smaller become zeros: 127 / largest would overflow."""

LARGEST_TABLE = 64 << 20
"""Bytes of a float32 table of products, one row a token, up to which the native runtime makes one."""


def depends_on_token(program: Program, op: Operation) -> bool:
    """Return whether the vector of a product is that of a token; the product then stays float32.

    The native runtime looks it up in a table, which is computed in float32 whatever the precision.
    """
    factor = program.operations[op.inputs[0]]
    if factor.name == "embedding":
        return 4 * program.parameters[factor.weight][0] * op.size <= LARGEST_TABLE
    return factor.name == "one_hot"


def quantise_rows(weight: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return whole numbers q (rows, columns) and scales (rows,) such that weight ≈ q · scale."""
    largest = np.abs(weight).max(axis=1, initial=0).astype(np.float32)
    scales = np.where(largest > SMALLEST, largest / np.float32(LIMIT), np.float32(0))
    divisors = np.where(scales > 0, scales, np.float32(1))
    q = np.where(scales[:, None] > 0, np.rint(weight / divisors[:, None]), 0)
    return np.clip(q, -LIMIT, LIMIT).astype(np.int8), scales.astype(np.float32)


def quantise_vector(vector: NDArray[Any]) -> tuple[NDArray[np.int8], np.float32]:
    """Return whole numbers q (size,) and the scale such that vector ≈ q · scale, for finite vectors."""
    largest = np.float32(np.abs(vector).max(initial=0))
    if largest <= SMALLEST:
        return np.zeros(len(vector), np.int8), np.float32(0)
    inverse = np.float32(LIMIT) / largest
    return np.rint(vector * inverse).astype(np.int8), largest / np.float32(LIMIT)


class Int8Product:
    """Computes W v as the int8 precision does; quantises each W once, and must not outlive the weights."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[int, ...]], tuple[NDArray[np.float64], NDArray[np.float32]]] = {}

    def __call__(self, weight: NDArray[Any], vector: NDArray[Any]) -> NDArray[np.float32]:
        """Return W v (rows,) from W (rows, columns) and v (columns,)."""
        key = (weight.ctypes.data, weight.shape)
        if key not in self._known:
            q_weight, scales = quantise_rows(weight)
            self._known[key] = (q_weight.astype(np.float64), scales)
        q_weight64, row_scales = self._known[key]
        q_vector, scale = quantise_vector(vector)
        sums = q_weight64 @ q_vector.astype(np.float64)  # exact: whole numbers far below 2⁵³
        return sums.astype(np.float32) * (row_scales * scale)
