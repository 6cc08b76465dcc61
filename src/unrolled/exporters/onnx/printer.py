"""Print the operations of a step program as ONNX nodes.

Every operation acts on the last axis. So the same nodes compute one step of a batch, (B, size), or all steps,
(T, B, size). Values that depend on parameters alone are (size,).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from unrolled.errors import ExportError
from unrolled.exporters.onnx.graph import Graph
from unrolled.exporters.onnx.levels import Level
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.program import Operation, Program

UNARY = {
    "negate": "Neg",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "absolute": "Abs",
    "round": "Round",
}
BINARY = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "minimum": "Min",
    "maximum": "Max",
}


class Printer:
    """Prints operations of one program into a graph.

    Args:
        graph: where the nodes go.
        program: the program, without sums in its products (see :func:`split_products`).
        weights: values of its parameters.
        values: name of the value of each operation that is already known; new ones are added.
        levels: level of each operation.
        like: a value whose shape, apart from the last axis, static values take where an operator needs it.
    """

    def __init__(
        self,
        graph: Graph,
        program: Program,
        weights: Weights,
        values: dict[int, str],
        levels: Sequence[Level],
        like: str,
    ) -> None:
        self.graph, self.program, self.weights, self.values = graph, program, weights, values
        self._levels, self._like = levels, like
        self._slices = _find_partitions(program)

    def print(self, numbers: Iterable[int]) -> None:
        """Print these operations, in this order; those that are known are skipped."""
        for number in numbers:
            if number not in self.values:
                self.values[number] = self._print(number, self.program.operations[number])

    def _print(self, number: int, op: Operation) -> str:
        inputs = [self.values[i] for i in op.inputs]
        if op.name in UNARY:
            return self.graph.add(UNARY[op.name], *inputs)
        if op.name in BINARY:
            return self.graph.add(BINARY[op.name], *inputs)
        method = getattr(self, f"_{op.name}", None)
        if method is None:
            raise ExportError(f"the ONNX export has no operator for {op.name!r} of a step program")
        result: str = method(number, op, inputs)
        return result

    def _softplus(self, number: int, op: Operation, inputs: list[str]) -> str:
        return self.graph.add("Add", self.graph.add("Relu", inputs[0]), self._log_of_sum(inputs[0]))

    def _log_sigmoid(self, number: int, op: Operation, inputs: list[str]) -> str:
        negative_part = self.graph.add("Min", inputs[0], self.graph.number(0.0))
        return self.graph.add("Sub", negative_part, self._log_of_sum(inputs[0]))

    def _log_of_sum(self, x: str) -> str:
        """Return ln(1 + exp(−|x|)); in ONNX Runtime, Softplus takes six times as long."""
        power = self.graph.add("Exp", self.graph.add("Neg", self.graph.add("Abs", x)))
        return self.graph.add("Log", self.graph.add("Add", power, self.graph.number(1.0)))

    def _greater(self, number: int, op: Operation, inputs: list[str]) -> str:
        return self.graph.add("Cast", self.graph.add("Greater", *inputs), to=1)

    def _where(self, number: int, op: Operation, inputs: list[str]) -> str:
        condition = self.graph.add("Cast", inputs[0], to=9)
        return self.graph.add("Where", condition, *inputs[1:])

    def _parameter(self, number: int, op: Operation, inputs: list[str]) -> str:
        return self._rows(op.weight, op.begin, op.size)

    def _constant(self, number: int, op: Operation, inputs: list[str]) -> str:
        return self.graph.constant([op.value], np.float32)

    def _linear(self, number: int, op: Operation, inputs: list[str]) -> str:
        name = f"{self.weights.prefix}{op.weight}{_range(op, self.program.parameters[op.weight][0])}"
        rows = self.weights.get(op.weight, self.program.parameters[op.weight])[op.begin : op.begin + op.size]
        matrix = self.graph.weight(f"{name}_transposed", np.ascontiguousarray(rows.T))
        product = self.graph.add("MatMul", inputs[0], matrix)
        return self.graph.add("Add", product, self._rows(op.bias, op.begin, op.size)) if op.bias else product

    def _layer_norm(self, number: int, op: Operation, inputs: list[str]) -> str:
        scale = self._rows(op.weight, op.begin, op.size) if op.weight else self._ones(op.size)
        bias = [self._rows(op.bias, op.begin, op.size)] if op.bias else []
        return self.graph.add("LayerNormalization", inputs[0], scale, *bias, axis=-1, epsilon=op.value)

    def _sum(self, number: int, op: Operation, inputs: list[str]) -> str:
        return self.graph.add("ReduceSum", inputs[0], self.graph.constant([-1]))

    def _largest(self, number: int, op: Operation, inputs: list[str]) -> str:
        return self.graph.add("ReduceMax", inputs[0], self.graph.constant([-1]))

    def _slice(self, number: int, op: Operation, inputs: list[str]) -> str:
        parts = self._slices.get(number)
        if parts is None:
            ends = [self.graph.constant([end]) for end in (op.begin, op.begin + op.size, -1)]
            return self.graph.add("Slice", inputs[0], *ends)
        lengths = self.graph.constant([self.program.operations[part].size for part in parts])
        names = self.graph.add_multiple("Split", [inputs[0], lengths], ["part"] * len(parts), axis=-1)
        self.values.update(zip(parts, names, strict=True))
        return self.values[number]

    def _concat(self, number: int, op: Operation, inputs: list[str]) -> str:
        sizes = [self.program.operations[i].size for i in op.inputs]
        static = [self._is_static(i) for i in op.inputs]
        if not all(static):
            inputs = [
                self.expand(value, size) if is_static else value
                for value, size, is_static in zip(inputs, sizes, static, strict=True)
            ]
        return self.graph.add("Concat", *inputs, axis=-1)

    def batched(self, number: int) -> str:
        """Return the value of an operation with all axes, even if it is static."""
        value = self.values[number]
        return self.expand(value, self.program.operations[number].size) if self._is_static(number) else value

    def expand(self, value: str, size: int) -> str:
        """Return a static value (size,) repeated along the other axes."""
        others = self.graph.add("Shape", self._like, end=-1)
        shape = self.graph.add("Concat", others, self.graph.constant([size]), axis=0)
        return self.graph.add("Expand", value, shape)

    def _is_static(self, number: int) -> bool:
        return self._levels[number] is Level.STATIC

    def _rows(self, name: str, begin: int, size: int) -> str:
        shape = self.program.parameters[name]
        array = self.weights.get(name, shape)[begin : begin + size]
        part = "" if size == shape[0] else f"_{begin}_{begin + size}"
        return self.graph.weight(f"{self.weights.prefix}{name}{part}", array)

    def _ones(self, size: int) -> str:
        return self.graph.weight(f"ones_{size}", np.ones(size, np.float32))


def _range(op: Operation, rows: int) -> str:
    """Return the end of the name of some rows of a weight."""
    return "" if op.size == rows else f"_{op.begin}_{op.begin + op.size}"


def _find_partitions(program: Program) -> dict[int, list[int]]:
    """Return the slices that together are all of their input, which one Split computes."""
    slices: dict[int, list[int]] = {}
    for number, op in enumerate(program.operations):
        if op.name == "slice":
            slices.setdefault(op.inputs[0], []).append(number)
    partitions: dict[int, list[int]] = {}
    for source, parts in slices.items():
        parts.sort(key=lambda number: program.operations[number].begin)
        end = 0
        for number in parts:
            op = program.operations[number]
            end = end + op.size if op.begin == end else -1
        if end == program.operations[source].size:
            partitions.update(dict.fromkeys(parts, parts))
    return partitions
