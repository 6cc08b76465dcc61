"""Run a program with numpy: the reference of the runtime and of the exports."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.programs.program import Operation, Program
from unrolled.programs.quantise import depends_on_token

Vector = NDArray[Any]
Product = Callable[[Vector, Vector], Vector]
"""Computes W v from W (rows, columns) and v (columns,)."""

UNARY: Mapping[str, Callable[[Vector], Vector]] = {
    "negate": np.negative,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.where(x < 0, 0, x),
    "exp": np.exp,
    "log": np.log,
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "softplus": lambda x: np.logaddexp(0, x),
    "sqrt": np.sqrt,
    "absolute": np.abs,
    "round": np.rint,
}
BINARY: Mapping[str, Callable[[Vector, Vector], Vector]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "greater": lambda a, b: (a > b).astype(a.dtype),
}


class Evaluator:
    """Runs a program step by step and keeps its states.

    Args:
        program: the program.
        weights: each parameter of the program; their dtype is the dtype of the arithmetic.
        product: computes W v where v is not the vector of a token; by default numpy's.
    """

    def __init__(
        self, program: Program, weights: Mapping[str, Vector], product: Product | None = None
    ) -> None:
        self.program, self._weights = program, weights
        self._product = product or np.matmul
        self._dtype = next((np.asarray(w).dtype for w in weights.values()), np.dtype(np.float32))
        self.reset()

    def reset(self) -> None:
        """Set every state to its initial value."""
        self.states = {s.name: np.full(s.size, s.initial, self._dtype) for s in self.program.states}

    def step(self, inputs: Mapping[str, Vector], tokens: Mapping[str, int]) -> dict[str, Vector]:
        """Run one step.

        Args:
            inputs: each input vector (size,).
            tokens: each token.

        Returns:
            Each output (size,).
        """
        values: list[Vector] = []
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            for op in self.program.operations:
                read = [values[i] for i in op.inputs]
                values.append(np.asarray(self._apply(op, read, inputs, tokens), self._dtype))
        self.states = {s.name: values[s.result] for s in self.program.states}
        return {name: values[number] for name, number in self.program.outputs.items()}

    def run(self, inputs: Mapping[str, Vector], tokens: Mapping[str, Vector]) -> dict[str, Vector]:
        """Run all steps of inputs (T, size) and tokens (T,) from the current states.

        Returns:
            Each output (T, size).
        """
        count = len(next(iter((*inputs.values(), *tokens.values()))))
        steps = [
            self.step({k: x[t] for k, x in inputs.items()}, {k: int(i[t]) for k, i in tokens.items()})
            for t in range(count)
        ]
        return {name: np.stack([step[name] for step in steps]) for name in self.program.outputs}

    def _apply(
        self,
        op: Operation,
        read: list[Vector],
        inputs: Mapping[str, Vector],
        tokens: Mapping[str, int],
    ) -> Vector:
        rows = slice(op.begin, op.begin + op.size)
        if op.name in UNARY:
            return UNARY[op.name](read[0])
        if op.name in BINARY:
            return np.broadcast_to(BINARY[op.name](read[0], read[1]), op.size)
        match op.name:
            case "input":
                return inputs[op.key]
            case "state":
                return self.states[op.key]
            case "parameter":
                return self._weights[op.weight][rows]
            case "constant":
                return np.full(1, op.value)
            case "embedding":
                return self._weights[op.weight][tokens[op.key]]
            case "one_hot":
                return np.arange(op.size) == tokens[op.key]
            case "where":
                return np.broadcast_to(np.where(read[0] != 0, read[1], read[2]), op.size)
            case "linear":
                multiply = np.matmul if depends_on_token(self.program, op) else self._product
                result = multiply(self._weights[op.weight][rows], read[0])
                result = result + self._weights[op.bias][rows] if op.bias else result
                return result + read[1] if len(read) > 1 else result
            case "layer_norm":
                return self._layer_norm(op, read[0], rows)
            case "sum":
                return read[0].sum(keepdims=True)
            case "largest":
                return read[0].max(keepdims=True)
            case "slice":
                return read[0][rows]
            case _:
                return np.concatenate(read)

    def _layer_norm(self, op: Operation, x: Vector, rows: slice) -> Vector:
        centred = x - x.mean()
        result = centred / np.sqrt((centred * centred).mean() + self._dtype.type(op.value))
        result = result * self._weights[op.weight][rows] if op.weight else result
        return result + self._weights[op.bias][rows] if op.bias else result
