"""Simplify a program: remove unused operations, add up products in place."""

from dataclasses import replace

from unrolled.programs.program import Operation, Program


def simplify(program: Program) -> Program:
    """Return an equal program without unused operations, in which sums of products are one chain."""
    return _remove_unused(_chain_products(program))


def _chain_products(program: Program) -> Program:
    """Turn ``v + (W x + b)`` into one operation, ``linear`` with v as its second input.

    Only a product that nothing else uses is merged.
    """
    uses = _count_uses(program)
    operations = list(program.operations)
    for number, op in enumerate(operations):
        if op.name != "add":
            continue
        left, right = op.inputs
        for product, other in ((right, left), (left, right)):
            linear = operations[product]
            fits = operations[other].size == linear.size == op.size
            if linear.name == "linear" and len(linear.inputs) == 1 and uses[product] == 1 and fits:
                operations[number] = replace(linear, inputs=(linear.inputs[0], other))
                break
    return replace(program, operations=tuple(operations))


def _count_uses(program: Program) -> list[int]:
    uses = [0] * len(program.operations)
    for op in program.operations:
        for i in op.inputs:
            uses[i] += 1
    for number in (*program.outputs.values(), *(state.result for state in program.states)):
        uses[number] += 1
    return uses


def _remove_unused(program: Program) -> Program:
    """Return the program with the operations and parameters that outputs and states need, numbered anew."""
    needed = {*program.outputs.values(), *(state.result for state in program.states)}
    for number in range(len(program.operations) - 1, -1, -1):
        if number in needed:
            needed.update(program.operations[number].inputs)
    numbers = {old: new for new, old in enumerate(sorted(needed))}
    operations = tuple(_renumber(program.operations[old], numbers) for old in sorted(needed))
    used = {name for op in operations for name in (op.weight, op.bias) if name}
    return replace(
        program,
        operations=operations,
        parameters={name: shape for name, shape in program.parameters.items() if name in used},
        states=tuple(replace(state, result=numbers[state.result]) for state in program.states),
        outputs={name: numbers[number] for name, number in program.outputs.items()},
        labels={numbers[number]: name for number, name in program.labels.items() if number in numbers},
    )


def _renumber(op: Operation, numbers: dict[int, int]) -> Operation:
    return replace(op, inputs=tuple(numbers[i] for i in op.inputs))
