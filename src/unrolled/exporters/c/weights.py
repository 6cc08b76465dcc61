"""The constant arrays that a program needs, each in the order in which its code reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ExportError
from unrolled.exporters.c.identifiers import Names
from unrolled.exporters.c.tokens import looks_up
from unrolled.exporters.options import Precision as Precision
from unrolled.programs.program import Operation, Program
from unrolled.programs.quantise import depends_on_token, quantise_rows

LARGEST_INT8_PRODUCT = 2**31 // 127**2
"""Columns of a matrix up to which a sum of int8 products fits 32 bits."""


@dataclass(frozen=True)
class Array:
    """A constant array of the source or of the weight file."""

    name: str
    values: NDArray[Any]
    comment: str


@dataclass(frozen=True)
class Matrix:
    """The arrays of a product in int8."""

    weight: str
    scale: str
    """Scale of each row."""


class Weights:
    """Arranges the parameters of a program.

    Args:
        program: the program.
        weights: float32 array of each parameter.
        precision: of matrices in products.
        names: file scope of the C source.
    """

    def __init__(
        self, program: Program, weights: Mapping[str, NDArray[Any]], precision: Precision, names: Names
    ) -> None:
        self._weights = _check(program, weights)
        self._program, self._precision, self._names = program, precision, names
        self.arrays: list[Array] = []
        self._known: dict[tuple[Any, ...], str] = {}
        self._shared = {
            op.weight
            for op in program.operations
            if op.name == "linear" and not looks_up(program, op) and not self.is_int8(op)
            if op.size == program.parameters[op.weight][0]
        }

    def is_int8(self, op: Operation) -> bool:
        """Return whether a product is computed in int8."""
        return self._precision == "int8" and not depends_on_token(self._program, op)

    def is_shared(self, parameter: str) -> bool:
        """Return whether the rows of a table are read from the matrix of a product."""
        return parameter in self._shared

    def plain(self, parameter: str) -> str:
        """Return the name of an array that holds a parameter as it is: a vector, or a table by rows."""
        values = self._weights[parameter]
        shape = " x ".join(map(str, values.shape))
        return self._get(("plain", parameter), parameter, values, f"{parameter} ({shape})")

    def shared(self, parameter: str) -> str:
        """Return the name of the array of a whole matrix by columns."""
        return self._by_columns(parameter, 0, len(self._weights[parameter]))

    def columns(self, op: Operation) -> str:
        """Return the name of the array of the matrix of a product, by columns."""
        return self._by_columns(op.weight, op.begin, op.size)

    def table(self, op: Operation) -> str:
        """Return the name of the array of products by token: W times the vector of each token."""
        factor = self._program.operations[op.inputs[0]]
        if factor.name == "one_hot":
            return self.columns(op)
        matrix, vectors = self._rows(op.weight, op.begin, op.size), self._weights[factor.weight]
        name = f"{op.weight}_of_{factor.weight}"
        with np.errstate(over="ignore"):
            values = (vectors.astype(np.float64) @ matrix.T.astype(np.float64)).astype(np.float32)
        about = f"{op.weight} * {factor.weight} of each token ({len(vectors)} x {op.size})"
        return self._get(("table", name, op.begin, op.size), name, values, about)

    def int8(self, op: Operation) -> Matrix:
        """Return the arrays of the matrix of a product, by rows as int8."""
        values = self._rows(op.weight, op.begin, op.size)
        _check_int8_width(op.weight, values)
        q, scales = quantise_rows(values)
        name, about = self._describe(op.weight, op.begin, values)
        key = (op.weight, op.begin, op.size)
        return Matrix(
            self._get(("int8", *key), f"{name}_int8", q, f"{about}, by rows"),
            self._get(("scale", *key), f"{name}_scale", scales, f"{op.weight}: scale of each row"),
        )

    def _by_columns(self, parameter: str, begin: int, rows: int) -> str:
        values = self._rows(parameter, begin, rows)
        name, about = self._describe(parameter, begin, values)
        return self._get(("columns", parameter, begin, rows), name, values.T, f"{about}, by columns")

    def _rows(self, parameter: str, begin: int, rows: int) -> NDArray[Any]:
        return self._weights[parameter][begin : begin + rows]

    def _describe(self, parameter: str, begin: int, values: NDArray[Any]) -> tuple[str, str]:
        """Return the name of the array of some rows of a matrix, and what it is."""
        rows, columns = values.shape
        part = "" if rows == len(self._weights[parameter]) else f", rows {begin} to {begin + rows - 1}"
        name = f"{parameter}_from_{begin}" if begin else parameter
        return name, f"{parameter} ({rows} x {columns}{part})"

    def _get(self, key: tuple[Any, ...], name: str, values: NDArray[Any], about: str) -> str:
        """Return the name of an array, which is added the first time."""
        if key not in self._known:
            self._known[key] = self._add(name, values, about)
        return self._known[key]

    def _add(self, name: str, values: NDArray[Any], comment: str) -> str:
        array = Array(self._names.new(name), np.ascontiguousarray(values), comment)
        self.arrays.append(array)
        return array.name


def _check(program: Program, weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    arrays = {}
    for name, shape in program.parameters.items():
        if name not in weights:
            raise ExportError(f"the weights lack {name!r}, which the program reads")
        with np.errstate(over="ignore"):  # a number too large for float32 is found below
            array = np.asarray(weights[name], np.float32)
        if array.shape != tuple(shape):
            raise ExportError(
                f"weight {name!r} has shape {array.shape}, but the program reads {tuple(shape)}"
            )
        if not np.isfinite(array).all():
            raise ExportError(f"weight {name!r} holds a number that is not finite: its training diverged")
        arrays[name] = array
    return arrays


def _check_int8_width(parameter: str, values: NDArray[Any]) -> None:
    if values.shape[1] >= LARGEST_INT8_PRODUCT:
        raise ExportError(
            f"{parameter} has {values.shape[1]:,} columns: sums of int8 products fit 32 bits only below "
            f"{LARGEST_INT8_PRODUCT:,}; use precision float32"
        )
