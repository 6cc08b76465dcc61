"""A stack of layers alone."""

from dataclasses import dataclass
from typing import Any, ClassVar

from unrolled.exporters.onnx.graph import Graph, Target, Value
from unrolled.exporters.onnx.stack import add_stack, declare_next_states, declare_states, stack_states
from unrolled.exporters.onnx.tokens import declare_lengths
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.layers import StackSpec


@dataclass(frozen=True)
class Layer:
    """Recurrent or window layers: x and the states in, y and the next states out."""

    task: ClassVar[str] = "layer"
    stack: StackSpec
    lengths: bool = False
    """Add an input with the number of steps of each row."""
    batch_first: bool = False
    """x and y are (B, T, ·) instead of (T, B, ·)."""

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        graph, spec = Graph(target), self.stack
        axes = ("batch", "time") if self.batch_first else ("time", "batch")
        x = graph.input(Value("x", (*axes, spec.input_size), about="input vectors"))
        states = stack_states(spec)
        first = declare_states(graph, states)
        lengths = declare_lengths(graph) if self.lengths else None
        x = self._swap(graph, x)
        y, finals = add_stack(graph, spec, weights, x, first, lengths)
        size = (1 + spec.bidirectional) * spec.output_size
        graph.output(Value("y", (*axes, size), about="output of the last layer"), self._swap(graph, y))
        declare_next_states(graph, states, finals)
        graph.streams = not (spec.bidirectional or self.lengths)
        return {"model": graph}

    def _swap(self, graph: Graph, x: str) -> str:
        return graph.add("Transpose", x, perm=[1, 0, 2]) if self.batch_first else x
