"""The classifier of sequences."""

from dataclasses import dataclass
from typing import Any, ClassVar

from unrolled.exporters.onnx.graph import Graph, Target, Value
from unrolled.exporters.onnx.heads import add_linear
from unrolled.exporters.onnx.pooling import add_pooling
from unrolled.exporters.onnx.stack import add_stack
from unrolled.exporters.onnx.tokens import TokenInput, declare_lengths
from unrolled.exporters.onnx.weights import Weights
from unrolled.layers.pooling import PoolingKind
from unrolled.programs.layers import StackSpec


@dataclass(frozen=True)
class Classifier:
    """A model of the label of a sequence: tokens or vectors and their lengths in, logits out."""

    task: ClassVar[str] = "classify"
    stack: StackSpec
    classes: int
    pooling: PoolingKind
    input: TokenInput | None = None
    """Input layer of tokens; None for vectors, which the graph standardises."""

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {"classes": self.classes}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        graph, spec, reader = Graph(target), self.stack, weights.below("reader.")
        if self.input is not None:
            tokens = self.input.declare(graph, "tokens", ("time", "batch"), "token ids")
            x = self.input.add(graph, reader, tokens)
        else:
            about = "vectors in the units of the data"
            vectors = graph.input(Value("vectors", ("time", "batch", spec.input_size), about=about))
            x = _standardise(graph, reader, vectors)
        lengths = declare_lengths(graph)
        h, _ = add_stack(graph, spec, reader.below("recurrent."), x, lengths=lengths)
        half = spec.output_size if spec.bidirectional else 0
        pooled = add_pooling(graph, self.pooling, weights.below("pooling."), h, lengths, half)
        logits = add_linear(graph, weights, pooled, "output")
        graph.output(Value("logits", ("batch", self.classes), about="logits of the labels"), logits)
        return {"model": graph}


def _standardise(graph: Graph, weights: Weights, x: str) -> str:
    mean, scale = (graph.weight(weights.prefix + name, weights.get(name)) for name in ("mean", "scale"))
    return graph.add("Div", graph.add("Sub", x, mean), scale)
