"""Attention as nodes: one query for each row of a decoder."""

from typing import Literal

import numpy as np

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.graph import Graph
from unrolled.exporters.onnx.heads import add_linear
from unrolled.exporters.onnx.weights import Weights

AttentionKind = Literal["dot", "general", "additive"]


def add_keys(graph: Graph, kind: AttentionKind, weights: Weights, values: str) -> str:
    """Return the keys (B, S, K) of a memory (B, S, M)."""
    match kind:
        case "dot":
            return values
        case "general":
            return add_linear(graph, weights, values, "weight")
        case "additive":
            return add_linear(graph, weights, values, "key")


def add_attention(
    graph: Graph, kind: AttentionKind, weights: Weights, query: str, keys: str, values: str, lengths: str
) -> tuple[str, str]:
    """Return the context vectors (N, M) and the weights (N, S) of queries (N, H).

    Args:
        graph: where the nodes go.
        kind: how queries and keys are compared.
        weights: parameters of the attention.
        query: N = k·B rows, k for each source, next to each other.
        keys: (B, S, K).
        values: (B, S, M).
        lengths: number of steps of each source, (B,).
    """
    sources = steps.sizes(graph, values, 0, 1)
    grouped = _group(graph, query, sources)
    live = _live(graph, values, lengths)
    scores = graph.add("Where", live, _score(graph, kind, weights, grouped, keys), graph.number(-np.inf))
    shares = graph.add("Softmax", scores, axis=-1)
    context = graph.add("MatMul", shares, values)
    return _ungroup(graph, context), _ungroup(graph, shares)


def _score(graph: Graph, kind: AttentionKind, weights: Weights, query: str, keys: str) -> str:
    """Return the scores (B, k, S) of queries (B, k, H) and keys (B, S, K)."""
    if kind != "additive":
        return graph.add("MatMul", query, graph.add("Transpose", keys, perm=[0, 2, 1]))
    left = graph.add("Unsqueeze", add_linear(graph, weights, query, "query"), graph.constant([2]))
    joint = graph.add("Add", left, graph.add("Unsqueeze", keys, graph.constant([1])))
    scores = add_linear(graph, weights, graph.add("Tanh", joint), "score")
    return graph.add("Squeeze", scores, graph.constant([3]))


def _live(graph: Graph, values: str, lengths: str) -> str:
    """Return a mask (B, 1, S), true before the end of each source."""
    count = graph.add("Squeeze", steps.sizes(graph, values, 1, 2))
    numbers = graph.add("Range", graph.constant(0), count, graph.constant(1))
    return graph.add("Less", numbers, graph.add("Unsqueeze", lengths, graph.constant([1, 2])))


def _group(graph: Graph, x: str, sources: str) -> str:
    """Return (B, k, size) of (k·B, size)."""
    size = graph.add("Shape", x, start=1, end=2)
    shape = graph.add("Concat", sources, graph.constant([-1]), size, axis=0)
    return graph.add("Reshape", x, shape)


def _ungroup(graph: Graph, x: str) -> str:
    """Return (k·B, size) of (B, k, size)."""
    size = graph.add("Shape", x, start=2, end=3)
    shape = graph.add("Concat", graph.constant([-1]), size, axis=0)
    return graph.add("Reshape", x, shape)
