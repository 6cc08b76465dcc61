"""A stack of layers as nodes, in one or two directions."""

from collections.abc import Mapping

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.graph import Graph, State, Value
from unrolled.exporters.onnx.operators import add_operator, find_operator
from unrolled.exporters.onnx.scan import Rows, run_program
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, StackSpec
from unrolled.programs.program import Program

INT32 = 6
"""onnx's number for the type, which the operators need for lengths."""


def layer_programs(spec: StackSpec, layer: int) -> list[Program]:
    """Return the step program of each direction of a layer, with the input "x" and the output "y"."""
    programs = []
    for suffix in ("", "_reverse")[: 1 + spec.bidirectional]:
        builder = Builder()
        x = builder.input("x", spec.size_below(layer))
        programs.append(builder.finish(y=spec.add_layer(builder, x, layer, "", suffix)))
    return programs


def stack_states(spec: StackSpec) -> list[State]:
    """Return the states of a stack, all layers and directions, as in the step programs."""
    return [
        State(slot.name, slot.size, slot.initial)
        for layer in range(spec.num_layers)
        for program in layer_programs(spec, layer)
        for slot in program.states
    ]


def declare_states(graph: Graph, states: list[State], rows: str = "batch") -> dict[str, str]:
    """Declare an input for each state; return the inputs by name. ``rows`` is the name of their axis."""
    graph.states += states
    about = "state before the first step"
    return {s.name: graph.input(Value(s.name, (rows, s.size), about=about)) for s in states}


def declare_next_states(
    graph: Graph, states: list[State], finals: Mapping[str, str], rows: str = "batch"
) -> None:
    """Declare an output for the next value of each state; ``rows`` is the name of their axis."""
    for state in states:
        value = Value(state.next_name, (rows, state.size), about=f"{state.name} after the last step")
        graph.output(value, finals[state.name])


def add_stack(
    graph: Graph,
    spec: StackSpec,
    weights: Weights,
    x: str,
    states: Mapping[str, str] | None = None,
    lengths: str | None = None,
) -> tuple[str, dict[str, str]]:
    """Add all layers of a stack.

    Args:
        graph: where the nodes go.
        spec: the stack.
        weights: its parameters.
        x: input (T, B, I).
        states: states before the first step by name, (B, size) each; None means their initial values.
        lengths: number of steps of each row, (B,), int64; None if all have T steps.

    Returns:
        The output of the last layer (T, B, D·R), zero past the length of a row, and the final states by name.
    """
    rows = Rows(lengths, steps.live_steps(graph, x, lengths)) if lengths else None
    operator = find_operator(spec)
    if operator is not None and operator.name not in graph.target.operators:
        operator = None
    as_int32 = graph.add("Cast", lengths, to=INT32) if operator and lengths else None
    finals: dict[str, str] = {}
    for layer in range(spec.num_layers):
        if operator is not None:
            assert isinstance(spec, RecurrentSpec)
            y, new = add_operator(graph, operator, spec, layer, weights, x, states, as_int32)
        else:
            y, new = _add_layer(graph, spec, layer, weights, x, states, rows)
        finals |= new
        x = graph.add("Add", y, x) if spec.residual and layer else y
    return x, finals


def _add_layer(
    graph: Graph,
    spec: StackSpec,
    layer: int,
    weights: Weights,
    x: str,
    states: Mapping[str, str] | None,
    rows: Rows | None,
) -> tuple[str, dict[str, str]]:
    """Add one layer as a Scan for each direction."""
    outputs: list[str] = []
    finals: dict[str, str] = {}
    for number, program in enumerate(layer_programs(spec, layer)):
        lengths = rows.lengths if rows else None
        read = steps.reverse(graph, x, lengths) if number else x
        first = states or {s.name: steps.fill(graph, s.initial, x, s.size) for s in program.states}
        y, new = run_program(graph, program, weights, read, first, rows)
        outputs.append(steps.reverse(graph, y, lengths) if number else y)
        finals |= new
    return (outputs[0] if len(outputs) == 1 else graph.add("Concat", *outputs, axis=-1)), finals
