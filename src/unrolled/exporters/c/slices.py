"""Compute only parts of pointwise results that are read in parts, as the gates of a cell are."""

from dataclasses import replace

from unrolled.exporters.c.views import POINTWISE
from unrolled.programs.program import Operation, Program


def push_slices(program: Program) -> Program:
    """Return an equal program in which slices are taken before pointwise operations.

    The parts of a sum then appear where they are used, and the sum needs no loop and no memory of its own.
    """
    return _Rewrite(program).finish()


class _Rewrite:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._operations: list[Operation] = []
        self._known: dict[Operation, int] = {}
        self._number_of: dict[int, int] = {}
        self._split = self._find_split()
        for number, op in enumerate(program.operations):
            if number not in self._split:
                self._number_of[number] = self._copy(op)

    def finish(self) -> Program:
        program, number_of = self._program, self._number_of
        return replace(
            program,
            operations=tuple(self._operations),
            states=tuple(replace(s, result=number_of[s.result]) for s in program.states),
            outputs={name: number_of[number] for name, number in program.outputs.items()},
            labels={number_of[n]: label for n, label in program.labels.items() if n in number_of},
        )

    def _find_split(self) -> set[int]:
        """Return the pointwise operations that are read only through slices."""
        operations = self._program.operations
        results = {*(s.result for s in self._program.states), *self._program.outputs.values()}
        readers: dict[int, set[str]] = {}
        for op in operations:
            for i in op.inputs:
                readers.setdefault(i, set()).add(op.name)
        return {
            number
            for number, op in enumerate(operations)
            if op.name in POINTWISE and number not in results and readers.get(number) == {"slice"}
        }

    def _copy(self, op: Operation) -> int:
        if op.name == "slice":
            return self._part(op.inputs[0], op.begin, op.size)
        return self._append(replace(op, inputs=tuple(self._number_of[i] for i in op.inputs)))

    def _part(self, number: int, begin: int, size: int) -> int:
        """Return a new operation that computes elements of an old one."""
        op = self._program.operations[number]
        if op.size == size:
            begin = 0
        if number in self._split:
            operations = self._program.operations
            inputs = (
                self._number_of[i] if operations[i].size == 1 else self._part(i, begin, size)
                for i in op.inputs
            )
            return self._append(replace(op, size=size, inputs=tuple(inputs)))
        if op.name == "slice":
            return self._part(op.inputs[0], op.begin + begin, size)
        if op.name == "parameter":
            return self._append(replace(op, size=size, begin=op.begin + begin))
        if op.size == size:
            return self._number_of[number]
        return self._append(Operation("slice", size, (self._number_of[number],), begin=begin))

    def _append(self, op: Operation) -> int:
        if op not in self._known:
            self._known[op] = len(self._operations)
            self._operations.append(op)
        return self._known[op]
