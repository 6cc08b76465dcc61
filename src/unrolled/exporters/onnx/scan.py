"""Any cell as nodes: what needs no loop for all steps at once, the rest as a Scan."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.graph import Graph, Value
from unrolled.exporters.onnx.levels import Level, Schedule, schedule, split_products
from unrolled.exporters.onnx.printer import Printer
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.program import Program, StateSlot


class Rows(NamedTuple):
    """The lengths of the rows of a batch."""

    lengths: str
    """Number of steps of each row, (B,), int64."""
    live: str
    """Mask (T, B, 1), true before the end of each row."""


def run_program(
    graph: Graph,
    program: Program,
    weights: Weights,
    x: str,
    states: Mapping[str, str],
    rows: Rows | None,
) -> tuple[str, dict[str, str]]:
    """Run a step program, with the input "x" and the output "y", over a whole sequence.

    Args:
        graph: where the nodes go.
        program: the step.
        weights: its parameters.
        x: input (T, B, I).
        states: states before the first step by name, (B, size) each.
        rows: lengths of the rows; None if all have T steps.

    Returns:
        y (T, B, size), zero past the length of a row, and the final states of each row by name.
    """
    return _Run(graph, split_products(program), weights, x, states, rows).run()


class _Run:
    def __init__(
        self,
        graph: Graph,
        program: Program,
        weights: Weights,
        x: str,
        states: Mapping[str, str],
        rows: Rows | None,
    ) -> None:
        self.graph, self.program, self.weights, self.states, self.rows = graph, program, weights, states, rows
        self.schedule: Schedule = schedule(program)
        self.numbers = {op.key: n for n, op in enumerate(program.operations) if op.name in ("input", "state")}
        self.values: dict[int, str] = {self.numbers["x"]: x} if "x" in self.numbers else {}
        self.printer = Printer(graph, program, weights, self.values, self.schedule.levels, x)

    def run(self) -> tuple[str, dict[str, str]]:
        finals: dict[str, str] = {}
        slots = {slot.name: slot for slot in self.program.states}
        for number in self.schedule.before:
            op = self.program.operations[number]
            if op.name == "state":
                self.values[number], finals[op.key] = self._delay(slots[op.key])
            else:
                self.printer.print([number])
        for slot in self.program.states:
            needs_loop = self.schedule.levels[slot.result] is Level.LOOP
            if slot.name not in finals and not needs_loop:  # a state that nothing reads
                finals[slot.name] = self._delay(slot)[1]
        looped = [slot for slot in self.program.states if slot.name not in finals]
        y = self.program.outputs["y"]
        if looped:
            outputs, finals_of_loop = self._scan(looped, y)
            finals |= finals_of_loop
            self.values |= outputs
        result = self.printer.batched(y)
        if self.rows is not None:
            result = steps.clear_padding(self.graph, result, self.rows.live)
        return result, finals

    def _delay(self, slot: StateSlot) -> tuple[str, str]:
        """Return a state that needs no loop before every step, (T, B, size), and its final value."""
        graph = self.graph
        first = graph.add("Unsqueeze", self.states[slot.name], graph.constant([0]))
        padded = graph.add("Concat", first, self.printer.batched(slot.result), axis=0)
        before = steps.slice_steps(graph, padded, 0, -1)
        if self.rows is not None:
            return before, steps.select_step(graph, padded, self.rows.lengths)
        return before, graph.add("Gather", padded, graph.constant(-1), axis=0)

    def _scan(self, looped: list[StateSlot], y: int) -> tuple[dict[int, str], dict[str, str]]:
        """Run the loop; return its output, by the number of its operation, and the final states."""
        levels, operations = self.schedule.levels, self.program.operations
        read = {i for n in self.schedule.loop for i in operations[n].inputs}
        read |= {slot.result for slot in looped}
        elements = sorted(i for i in read if levels[i] is Level.PARALLEL)
        body = self.graph.body()
        values = {n: name for n, name in self.values.items() if levels[n] is Level.STATIC}
        olds = [self._body_input(body, f"{slot.name}_before", slot.size) for slot in looped]
        known = zip(looped, olds, strict=True)
        values |= {self.numbers[slot.name]: old for slot, old in known if slot.name in self.numbers}
        live = [] if self.rows is None else [self._body_input(body, "live_t", 1, np.bool_)]
        values |= {n: self._body_input(body, "input_t", operations[n].size) for n in elements}
        printer = Printer(body, self.program, self.weights, values, levels, olds[0])
        printer.print(self.schedule.loop)
        for slot, old in zip(looped, olds, strict=True):
            new = printer.batched(slot.result)
            new = body.add("Where", live[0], new, old) if live else new
            body.result(("batch", slot.size), new)
        emits = levels[y] is Level.LOOP
        if emits:
            body.result(("batch", operations[y].size), values[y])
        inputs = [self.states[slot.name] for slot in looped]
        inputs += [] if self.rows is None else [self.rows.live]
        inputs += [self.values[n] for n in elements]
        names = [f"{slot.name}_final" for slot in looped] + ["steps"] * emits
        count = len(live) + len(elements)
        results = self.graph.add_multiple(
            "Scan", inputs, names, body=body.to_graph(self.graph.unique("step")), num_scan_inputs=count
        )
        finals = {slot.name: name for slot, name in zip(looped, results, strict=False)}
        return ({y: results[-1]} if emits else {}), finals

    def _body_input(self, body: Graph, name: str, size: int, dtype: type[np.generic] = np.float32) -> str:
        return body.input(Value(self.graph.unique(name), ("batch", size), dtype))
