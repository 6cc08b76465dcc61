"""The body of the step: a program as C statements."""

import textwrap
from dataclasses import dataclass

from unrolled.exporters.c.groups import Group, Groups
from unrolled.exporters.c.identifiers import Names
from unrolled.exporters.c.interface import Interface
from unrolled.exporters.c.literals import comment_line, float_literal
from unrolled.exporters.c.memory import Memory
from unrolled.exporters.c.placement import Placement
from unrolled.exporters.c.pointwise import CALLS, expression
from unrolled.exporters.c.tokens import looks_up
from unrolled.exporters.c.views import Reads
from unrolled.exporters.c.weights import Weights
from unrolled.programs.program import Operation

NOTHING = "NULL"
WIDTH = 104
"""Longest line of a call, in characters."""


@dataclass(frozen=True)
class Quantised:
    """A vector in whole numbers, which products with the same vector share."""

    begin: int
    scale: str


class Step:
    """Prints the statements of one step.

    Args:
        reads: the program, and what reads each value.
        weights: collects the arrays that the statements read.
        interface: names of states, inputs and outputs.
        names: file scope of the source; local variables get names that differ from it.
    """

    def __init__(self, reads: Reads, weights: Weights, interface: Interface, names: Names) -> None:
        self._reads, self._program = reads, reads.program
        self._weights, self._interface, self._names = weights, interface, names
        self._groups = Groups(reads, weights)
        self._placement = Placement(self._groups, interface)
        self._quantised: dict[tuple[int, int, int], Quantised] = {}
        self._memory = Memory()
        self._arrays: dict[int, str] = {}
        self._scalars: dict[int, str] = {}
        self.calls: set[str] = set()
        """Functions that the statements call."""
        self.lines: list[str] = []
        self._name_values()
        self._print_held()
        for number, group in enumerate(self._groups.groups):
            self._print_group(number, group)
        self._print_copies()

    @property
    def scratch_size(self) -> int:
        """Elements of scratch memory."""
        return self._placement.scratch_size

    @property
    def quantised_size(self) -> int:
        """Elements of memory for quantised vectors."""
        return self._memory.size

    def _name_values(self) -> None:
        """Choose the variable of each value, and the array in which it lies."""
        states = {state.result: f"new_{state.name}" for state in self._program.states}
        for number, group in self._groups.group_of.items():
            label = self._program.labels.get(number) or states.get(number) or f"v{number}"
            is_loop = self._groups.groups[group].is_loop
            if is_loop:
                self._scalars[number] = self._names.new(label)
            if targets := self._placement.targets[number]:
                self._arrays[number] = targets[0]
            elif number in self._placement.scratch:
                self._arrays[number] = self._names.new(f"{label}_all" if is_loop else label)
        for number, op in enumerate(self._program.operations):
            match op.name:
                case "state":
                    self._arrays[number] = f"s->{self._interface.fields[op.key]}"
                case "input":
                    self._arrays[number] = self._interface.inputs[op.key]
                case "parameter":
                    self._arrays[number] = self._weights.plain(op.weight)
                case "embedding" if self._needs_row(number):
                    row = f"{self._weights.plain(op.weight)} + (size_t){self._interface.tokens[op.key]}"
                    self._arrays[number] = self._names.new(f"row_of_{op.weight}")
                    self._say(f"{op.weight} of {op.key}")
                    self._add(f"const float *const {self._arrays[number]} = {row} * {op.size};")

    def _needs_row(self, number: int) -> bool:
        """Return whether an embedding is read where it lies in its table."""
        return number not in self._groups.group_of and not self._reads.is_looked_up(number)

    def _print_group(self, number: int, group: Group) -> None:
        if not group.members:  # they moved to another group
            return
        self._add("")
        if group.is_loop:
            self._print_loop(group)
        else:
            (member,) = group.members
            self._print_operation(number, member, self._reads.op(member))

    # Loops of pointwise operations.

    def _print_loop(self, group: Group) -> None:
        for number in group.members:
            if number in self._placement.scratch:
                self._declare(number)
        is_scalar = group.size == 1
        self._add("{" if is_scalar else f"for (k = 0; k < {group.size}; k++) {{")
        element = "0" if is_scalar else "k"
        for number in group.members:
            op = self._reads.op(number)
            self.calls.update(CALLS.get(op.name, ()))
            operands = [self._operand(i, group) for i in op.inputs]
            value = float_literal(op.value) if op.name == "constant" else expression(op, operands)
            self._add(f"    const float {self._scalars[number]} = {value};")
        for number in group.members:
            arrays = self._placement.targets[number] or [self._arrays.get(number, "")]
            for array in filter(None, arrays):
                self._add(f"    {array}[{element}] = {self._scalars[number]};")
        self._add("}")

    def _operand(self, number: int, group: Group) -> str:
        """Return the element of a value in a loop."""
        op = self._reads.op(number)
        if number in group.members:
            return self._scalars[number]
        if self._reads.is_inlined(number):
            literal = float_literal(op.value)
            return f"({literal})" if literal.startswith("-") else literal
        array, begin = self._place(number)
        if op.size == 1:
            return f"{array}[{begin}]"
        return f"{array}[{begin} + k]" if begin else f"{array}[k]"

    # Other operations.

    def _print_operation(self, group: int, number: int, op: Operation) -> None:
        y = self._arrays[number]
        if op.name == "linear":
            self._say_product(op)
        if number in self._placement.scratch:
            self._declare(number)
        match op.name:
            case "linear":
                self._print_product(group, op, y)
            case "embedding":
                self._say(f"{op.weight} of {op.key}")
                rows, columns = self._program.parameters[op.weight]
                token = self._interface.tokens[op.key]
                self._call("shared_row", self._weights.shared(op.weight), token, str(rows), str(columns), y)
            case "one_hot":
                self._add(f"for (k = 0; k < {op.size}; k++)")
                self._add(f"    {y}[k] = k == {self._interface.tokens[op.key]} ? 1.0f : 0.0f;")
            case "layer_norm":
                weight, bias = self._vector(op.weight, op), self._vector(op.bias, op)
                x, epsilon = self._array(op.inputs[0]), float_literal(op.value)
                self._call("layer_norm", x, str(op.size), epsilon, weight, bias, y)
            case "sum" | "largest":
                self.calls.add(op.name)
                read = op.inputs[0]
                size = self._reads.op(read).size
                self._add(f"{y}[0] = {op.name}({self._array(read)}, {size});")
            case "concat":
                begin = 0
                for read in op.inputs:
                    size = self._reads.op(read).size
                    self._call("copy", _offset(y, begin), self._array(read), str(size))
                    begin += size

    def _print_product(self, group: int, op: Operation, y: str) -> None:
        start = self._array(op.inputs[1]) if len(op.inputs) > 1 else NOTHING
        bias = self._vector(op.bias, op)
        rows, read = str(op.size), op.inputs[0]
        if looks_up(self._program, op):
            factor = self._reads.op(read)
            row = f"{self._weights.table(op)} + (size_t){self._interface.tokens[factor.key]} * {rows}"
            self._call("look_up", row, rows, bias, start, y)
        elif self._weights.is_int8(op):
            matrix, vector = self._weights.int8(op), self._quantise(group, read)
            q = _offset("s->quantised", vector.begin)
            columns = str(self._reads.op(read).size)
            self._call(
                "product_int8", matrix.weight, matrix.scale, q, vector.scale, rows, columns, bias, start, y
            )
        else:
            columns = str(self._reads.op(read).size)
            self._call("product", self._weights.columns(op), self._array(read), rows, columns, bias, start, y)

    def _say_product(self, op: Operation) -> None:
        added = [name for name in (op.bias, self._word(op.inputs[1]) if len(op.inputs) > 1 else "") if name]
        self._say(" + ".join([f"{op.weight} * {self._word(op.inputs[0])}", *added]))

    def _word(self, number: int) -> str:
        """Return what to call a value in a comment."""
        return self._reads.op(number).key or self._array(number).replace("s->", "new ")

    def _quantise(self, group: int, number: int) -> Quantised:
        """Return the whole numbers of a vector; print the call that computes them if there is none yet."""
        source, size = self._reads.sources[number], self._reads.op(number).size
        key = (source.number, source.begin, size)
        if key not in self._quantised:
            begin = self._memory.add(size, group, max(group, self._groups.last_read(source.number)))
            array = self._array(number)
            scale = self._names.new(f"scale_of_{array.removeprefix('s->')}")
            self._quantised[key] = Quantised(begin, scale)
            self.calls.add("quantise")
            target = _offset("s->quantised", begin)
            self._add(f"const float {scale} = quantise({array}, {size}, {target});")
        return self._quantised[key]

    # The end of a step.

    def _print_held(self) -> None:
        for number, begin in self._placement.held.items():
            op = self._reads.op(number)
            self._say(f"{op.key} before the step")
            self._call("copy", _offset("s->scratch", begin), self._arrays[number], str(op.size))

    def _print_copies(self) -> None:
        for copy in self._placement.copies:
            source = self._reads.sources[copy.result]
            held = self._placement.held.get(source.number)
            array = self._array(copy.result)
            if held is not None:
                array = _offset("s->scratch", held + source.begin)
            self._call("copy", copy.target, array, str(copy.size))

    # Pieces of statements.

    def _declare(self, number: int) -> None:
        array, size = self._arrays[number], self._reads.op(number).size
        place = _offset("s->scratch", self._placement.scratch[number])
        self._add(f"float *const {array} = {place}; /* {size} numbers */")

    def _place(self, number: int) -> tuple[str, int]:
        """Return the array of the values of an operation, and their first element."""
        source = self._reads.sources[number]
        op = self._reads.op(source.number)
        return self._arrays[source.number], source.begin + (op.begin if op.name == "parameter" else 0)

    def _array(self, number: int) -> str:
        """Return a pointer to the values of an operation."""
        return _offset(*self._place(number))

    def _vector(self, parameter: str, op: Operation) -> str:
        return _offset(self._weights.plain(parameter), op.begin) if parameter else NOTHING

    def _call(self, function: str, *arguments: str) -> None:
        self.calls.add(function)
        call = f"{function}({', '.join(arguments)});"
        self.lines.extend(textwrap.wrap(call, WIDTH, subsequent_indent=" " * (len(function) + 1)))

    def _say(self, comment: str) -> None:
        self._add(comment_line(comment))

    def _add(self, line: str) -> None:
        self.lines.append(line)


def _offset(array: str, begin: int) -> str:
    return f"{array} + {begin}" if begin else array
