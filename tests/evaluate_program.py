"""An interpreter of step programs in numpy: a few lines, to compare others with."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.programs.program import Operation, Program

Array = NDArray[np.float64]
Values = dict[str, Array]


def _sigmoid(v: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-v))


UNARY: Mapping[str, Callable[[Array], Array]] = {
    "negate": np.negative,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda v: np.maximum(v, 0.0),
    "exp": np.exp,
    "log": np.log,
    "log_sigmoid": lambda v: -np.logaddexp(0.0, -v),
    "softplus": lambda v: np.logaddexp(0.0, v),
    "sqrt": np.sqrt,
    "absolute": np.abs,
    "round": np.rint,
}
BINARY: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "greater": lambda a, b: (a > b).astype(np.float64),
}


class Evaluator:
    """Runs a program for rows of a batch; states are (B, size)."""

    def __init__(self, program: Program, parameters: Mapping[str, Any], rows: int = 1) -> None:
        self.program, self.rows = program, rows
        self.parameters = {name: np.asarray(p, np.float64) for name, p in parameters.items()}
        self.states: Values = {s.name: np.full((rows, s.size), s.initial) for s in program.states}

    def step(self, **inputs: Any) -> Values:
        """Run one step on input vectors (B, size) and tokens (B,); return the outputs."""
        values: list[Array] = []
        for op in self.program.operations:
            value = self._compute(op, [values[i] for i in op.inputs], inputs)
            assert value.shape[-1] == op.size, op
            values.append(np.broadcast_to(value, (self.rows, op.size)))
        self.states = {s.name: values[s.result] for s in self.program.states}
        return {name: values[number] for name, number in self.program.outputs.items()}

    def _compute(self, op: Operation, read: list[Array], inputs: Mapping[str, Any]) -> Array:
        part = slice(op.begin, op.begin + op.size)
        weight, bias = self.parameters.get(op.weight), self.parameters.get(op.bias)
        match op.name:
            case "input":
                return np.asarray(inputs[op.key], np.float64)
            case "state":
                return self.states[op.key]
            case "parameter":
                assert weight is not None
                return weight[None, part]
            case "constant":
                return np.array([[op.value]])
            case "embedding":
                assert weight is not None
                return weight[np.asarray(inputs[op.key])]
            case "one_hot":
                return np.eye(op.size)[np.asarray(inputs[op.key])]
            case "where":
                return np.where(read[0] != 0, read[1], read[2])
            case "linear":
                assert weight is not None
                y = read[0] @ weight[part].T + (0.0 if bias is None else bias[part])
                return y + read[1] if len(read) > 1 else y
            case "layer_norm":
                (v,) = read
                y = (v - v.mean(-1, keepdims=True)) / np.sqrt(v.var(-1, keepdims=True) + op.value)
                return y * (1.0 if weight is None else weight[part]) + (0.0 if bias is None else bias[part])
            case "sum":
                return read[0].sum(-1, keepdims=True)
            case "largest":
                return read[0].max(-1, keepdims=True)
            case "slice":
                return read[0][:, part]
            case "concat":
                return np.concatenate(read, -1)
        return UNARY[op.name](*read) if op.name in UNARY else BINARY[op.name](*read)
