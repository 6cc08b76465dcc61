"""Which operations of a program need no code, because their values lie in an array already."""

from dataclasses import dataclass

from unrolled.exporters.c.tokens import looks_up
from unrolled.programs.operations import BINARY, UNARY
from unrolled.programs.program import Operation, Program

POINTWISE = frozenset((*UNARY, *BINARY, "where"))
VIEWS = frozenset(("input", "state", "parameter", "slice"))


@dataclass(frozen=True)
class Source:
    """Where the values of an operation come from: an operation that is not a slice, from an element on."""

    number: int
    begin: int


class Reads:
    """The operations that read each value, seen through slices."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sources = [self._find_source(number) for number in range(len(program.operations))]
        self.readers: dict[int, list[int]] = {number: [] for number in range(len(program.operations))}
        for number, op in enumerate(program.operations):
            if op.name != "slice":
                for i in op.inputs:
                    self.readers[self.sources[i].number].append(number)
        self.results = [*(s.result for s in program.states), *program.outputs.values()]
        """Operations that compute the next states and the outputs."""

    def op(self, number: int) -> Operation:
        """Return an operation."""
        return self.program.operations[number]

    def is_result(self, number: int) -> bool:
        """Return whether a state or an output takes the value of an operation, or a slice of it."""
        return any(self.sources[result].number == number for result in self.results)

    def is_inlined(self, number: int) -> bool:
        """Return whether a constant appears only as a literal in pointwise operations."""
        op = self.op(number)
        return (
            op.name == "constant"
            and not self.is_result(number)
            and all(self.op(reader).name in POINTWISE for reader in self.readers[number])
        )

    def is_looked_up(self, number: int) -> bool:
        """Return whether the vector of a token appears only in products that are looked up."""
        return (
            self.op(number).name in ("one_hot", "embedding")
            and not self.is_result(number)
            and all(self._looks_up(reader, number) for reader in self.readers[number])
        )

    def _looks_up(self, reader: int, number: int) -> bool:
        op = self.op(reader)
        return looks_up(self.program, op) and op.inputs[0] == number and number not in op.inputs[1:]

    def _find_source(self, number: int) -> Source:
        begin = 0
        while (op := self.op(number)).name == "slice":
            number, begin = op.inputs[0], begin + op.begin
        return Source(number, begin)
