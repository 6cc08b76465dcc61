"""Which operations of a step program need the loop through time, and which can run for all steps at once."""

from dataclasses import replace
from enum import IntEnum
from graphlib import TopologicalSorter
from typing import NamedTuple

from unrolled.programs.program import Operation, Program


class Level(IntEnum):
    """What an operation depends on."""

    STATIC = 0
    """Parameters and constants: one value (size,) for all rows and steps."""
    PARALLEL = 1
    """Also the inputs of the steps up to this one: computed for all steps at once."""
    LOOP = 2
    """Also the previous value of a state: computed step by step."""


class Schedule(NamedTuple):
    """The order in which to compute a program over a whole sequence."""

    levels: list[Level]
    """Level of each operation."""
    before: list[int]
    """Operations to compute for all steps, in a valid order."""
    loop: list[int]
    """Operations of the loop, in order."""


_STATIC_SOURCES = ("parameter", "constant")


def schedule(program: Program) -> Schedule:
    """Return the levels of a program and its order of computation.

    A state whose next value needs no loop (an input of an earlier step, as in a window network) needs none
    either: over all steps, it is its initial value followed by its next values.
    """
    parallel: set[str] = set()
    while True:
        levels = _find_levels(program, parallel)
        free = {state.name for state in program.states if levels[state.result] < Level.LOOP}
        if free <= parallel:
            break
        parallel |= free
    results = {state.name: state.result for state in program.states}
    dependencies = {
        number: [results[op.key]] if op.name == "state" else list(op.inputs)
        for number, op in enumerate(program.operations)
        if levels[number] < Level.LOOP
    }
    before = list(TopologicalSorter(dependencies).static_order())
    return Schedule(levels, before, [n for n, level in enumerate(levels) if level is Level.LOOP])


def _find_levels(program: Program, parallel: set[str]) -> list[Level]:
    levels: list[Level] = []
    for op in program.operations:
        if op.name == "state":
            level = Level.PARALLEL if op.key in parallel else Level.LOOP
        elif op.name in _STATIC_SOURCES:
            level = Level.STATIC
        else:
            level = max((levels[i] for i in op.inputs), default=Level.PARALLEL)
        levels.append(level)
    return levels


def split_products(program: Program) -> Program:
    """Return an equal program in which the sum ``W v + b + v₂`` of a product is an operation of its own.

    The product may then run before the loop, and only the sum inside.
    """
    operations: list[Operation] = []
    numbers: list[int] = []
    for op in program.operations:
        inputs = tuple(numbers[i] for i in op.inputs)
        if op.name == "linear" and len(inputs) == 2:
            operations.append(replace(op, inputs=inputs[:1]))
            operations.append(Operation("add", op.size, (len(operations) - 1, inputs[1])))
        else:
            operations.append(replace(op, inputs=inputs))
        numbers.append(len(operations) - 1)
    return replace(
        program,
        operations=tuple(operations),
        states=tuple(replace(state, result=numbers[state.result]) for state in program.states),
        outputs={name: numbers[number] for name, number in program.outputs.items()},
    )
