"""Output layers as nodes."""

from typing import Any

from unrolled.exporters.onnx.graph import Graph
from unrolled.exporters.onnx.weights import Weights


def add_linear(graph: Graph, weights: Weights, x: str, name: str) -> str:
    """Return W x + b over the last axis, with ``name.weight`` and, if there is one, ``name.bias``."""
    product = _multiply(graph, weights, x, f"{name}.weight")
    bias = f"{name}.bias"
    if bias not in weights:
        return product
    return graph.add("Add", product, graph.weight(weights.prefix + bias, weights.get(bias)))


def add_softmax_output(graph: Graph, weights: Weights, h: str, table: str = "") -> str:
    """Return the logits (…, V) of h (…, F); ``table`` is the embedding table that is also the matrix."""
    if not table:
        return add_linear(graph, weights, h, "output")
    if graph.target.shares_tables:
        matrix = graph.weight(weights.prefix + table, weights.get(table))
        product = graph.add("MatMul", h, graph.add("Transpose", matrix, perm=[1, 0]))
    else:
        product = _multiply(graph, weights, h, table)
    return graph.add("Add", product, graph.weight(weights.prefix + "output.bias", weights.get("output.bias")))


def add_adaptive_output(graph: Graph, weights: Weights, h: str, cutoffs: tuple[int, ...]) -> str:
    """Return ln p (…, V) of h (…, F) for an adaptive softmax; ln p are also logits."""
    head = graph.add("LogSoftmax", add_linear(graph, weights, h, "output.softmax.head"), axis=-1)
    groups = [_slice_last(graph, head, 0, cutoffs[0])]
    for number in range(len(cutoffs)):
        small = _multiply(graph, weights, h, f"output.softmax.tail.{number}.0.weight")
        scores = _multiply(graph, weights, small, f"output.softmax.tail.{number}.1.weight")
        entry = cutoffs[0] + number
        group = _slice_last(graph, head, entry, entry + 1)
        groups.append(graph.add("Add", graph.add("LogSoftmax", scores, axis=-1), group))
    return graph.add("Concat", *groups, axis=-1)


def _multiply(graph: Graph, weights: Weights, x: str, name: str) -> str:
    matrix: Any = weights.get(name).T.copy()
    return graph.add("MatMul", x, graph.weight(f"{weights.prefix}{name}_transposed", matrix))


def _slice_last(graph: Graph, x: str, begin: int, end: int) -> str:
    return graph.add("Slice", x, *(graph.constant([value]) for value in (begin, end, -1)))
