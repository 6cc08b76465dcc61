"""Pooling as nodes: the outputs of all steps reduced to one vector per sequence."""

import numpy as np

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.graph import Graph
from unrolled.exporters.onnx.heads import add_linear
from unrolled.exporters.onnx.weights import Weights
from unrolled.layers.pooling import PoolingKind


def add_pooling(graph: Graph, kind: PoolingKind, weights: Weights, h: str, lengths: str, size: int) -> str:
    """Return (B, F) of h (T, B, F), which is zero past the lengths (B,).

    Args:
        graph: where the nodes go.
        kind: kind of pooling.
        weights: its parameters.
        h: output of the layers.
        lengths: number of steps of each row, int64.
        size: size of one direction if h holds two of them and the kind treats them differently, else 0.
    """
    match kind:
        case "last":
            return _last(graph, h, lengths, size)
        case "mean":
            total = graph.add("ReduceSum", h, graph.constant([0]), keepdims=0)
            count = graph.add("Unsqueeze", graph.add("Cast", lengths, to=1), graph.constant([1]))
            return graph.add("Div", total, count)
        case "max":
            live = steps.live_steps(graph, h, lengths)
            kept = graph.add("Where", live, h, graph.number(-np.inf))
            return graph.add("ReduceMax", kept, graph.constant([0]), keepdims=0)
        case "attention":
            return _attend(graph, weights, h, lengths)


def _last(graph: Graph, h: str, lengths: str, size: int) -> str:
    """Return the output of the step at which each direction has read the whole row."""
    last = steps.select_step(graph, h, graph.add("Sub", lengths, graph.constant(1)))
    if not size:
        return last
    first = graph.add("Gather", h, graph.constant(0), axis=0)
    forward = graph.add("Slice", last, *(graph.constant([n]) for n in (0, size, 1)))
    backward = graph.add("Slice", first, *(graph.constant([n]) for n in (size, 2 * size, 1)))
    return graph.add("Concat", forward, backward, axis=-1)


def _attend(graph: Graph, weights: Weights, h: str, lengths: str) -> str:
    hidden = graph.add("Tanh", add_linear(graph, weights, h, "hidden"))
    scores = add_linear(graph, weights, hidden, "context")
    live = steps.live_steps(graph, h, lengths)
    scores = graph.add("Where", live, scores, graph.number(-np.inf))
    weighted = graph.add("Mul", graph.add("Softmax", scores, axis=0), h)
    return graph.add("ReduceSum", weighted, graph.constant([0]), keepdims=0)
