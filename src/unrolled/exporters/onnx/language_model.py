"""The language model."""

from dataclasses import dataclass
from typing import Any, ClassVar

from unrolled.exporters.onnx.graph import Graph, Target, Value
from unrolled.exporters.onnx.heads import add_adaptive_output, add_softmax_output
from unrolled.exporters.onnx.stack import add_stack, declare_next_states, declare_states, stack_states
from unrolled.exporters.onnx.tokens import TokenInput
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.layers import StackSpec


@dataclass(frozen=True)
class LanguageModel:
    """A model of the next token: tokens and states in, logits and the next states out."""

    task: ClassVar[str] = "lm"
    input: TokenInput
    stack: StackSpec
    tied: bool = False
    """The embedding table is also the output matrix."""
    cutoffs: tuple[int, ...] = ()
    """First token of each group after the first of an adaptive softmax; empty for one softmax."""

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {"vocabulary": self.input.vocabulary}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        graph = Graph(target)
        tokens = self.input.declare(graph, "tokens", ("time", "batch"), "token ids")
        states = stack_states(self.stack)
        first = declare_states(graph, states)
        x = self.input.add(graph, weights, tokens)
        h, finals = add_stack(graph, self.stack, weights.below("recurrent."), x, first)
        if self.cutoffs:
            logits = add_adaptive_output(graph, weights, h, self.cutoffs)
        else:
            logits = add_softmax_output(graph, weights, h, self.input.table if self.tied else "")
        about = "logits of the token after each step"
        graph.output(Value("logits", ("time", "batch", self.input.vocabulary), about=about), logits)
        declare_next_states(graph, states, finals)
        graph.streams = True
        return {"model": graph}
