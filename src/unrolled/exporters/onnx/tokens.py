"""Input layers for tokens as nodes."""

from dataclasses import dataclass

import numpy as np

from unrolled.exporters.onnx.graph import Graph, Shape, Value
from unrolled.exporters.onnx.weights import Weights


@dataclass(frozen=True)
class TokenInput:
    """Vectors of tokens."""

    vocabulary: int
    """Number of tokens, V."""
    size: int
    """Size of a vector; V for one-hot vectors."""
    table: str = "input.weight"
    """Name of the table (V, size); empty for one-hot vectors."""

    def declare(self, graph: Graph, name: str, shape: Shape, about: str) -> str:
        """Declare an input of token ids."""
        return graph.input(Value(name, shape, np.int64, about, (0, self.vocabulary)))

    def add(self, graph: Graph, weights: Weights, tokens: str) -> str:
        """Return the vectors (…, size) of tokens (…)."""
        if self.table:
            array = weights.get(self.table, (self.vocabulary, self.size))
            return graph.add("Gather", graph.weight(weights.prefix + self.table, array), tokens)
        off_and_on = graph.constant([0, 1], np.float32)
        return graph.add("OneHot", tokens, graph.constant([self.vocabulary]), off_and_on)


def declare_lengths(graph: Graph, name: str = "lengths", steps: str = "time", rows: str = "batch") -> str:
    """Declare an input with the number of steps of each row, each at least 1."""
    about = "number of steps of each row, at least 1"
    return graph.input(Value(name, (rows,), np.int64, about, (1, f"{steps}+1")))
