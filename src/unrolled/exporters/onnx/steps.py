"""Nodes that deal with the time axis: masks, reversal, shapes."""

import numpy as np

from unrolled.exporters.onnx.graph import Graph

LAST = np.iinfo(np.int64).max
FIRST = np.iinfo(np.int64).min


def sizes(graph: Graph, x: str, begin: int, end: int) -> str:
    """Return the sizes of the axes ``begin`` to ``end`` (exclusive) of x."""
    return graph.add("Shape", x, name="sizes", start=begin, end=end)


def slice_steps(graph: Graph, x: str, begin: int, end: int, step: int = 1) -> str:
    """Return x[begin:end:step] along the first axis."""
    ends = [graph.constant([value]) for value in (begin, end, 0, step)]
    return graph.add("Slice", x, *ends)


def fill(graph: Graph, value: float, x: str, size: int) -> str:
    """Return an array (B, size) of one value, with B of x (T, B, …)."""
    shape = graph.add("Concat", sizes(graph, x, 1, 2), graph.constant([size]), axis=0)
    return graph.add("Expand", graph.number(value), shape)


def step_numbers(graph: Graph, x: str) -> str:
    """Return the numbers 0 … T − 1 of the steps of x (T, …), (T, 1)."""
    first, one = graph.constant(0), graph.constant(1)
    count = graph.add("Squeeze", sizes(graph, x, 0, 1))
    return graph.add("Unsqueeze", graph.add("Range", first, count, one), graph.constant([1]))


def live_steps(graph: Graph, x: str, lengths: str) -> str:
    """Return a mask (T, B, 1), true before the end of each row of x (T, B, …)."""
    live = graph.add("Less", step_numbers(graph, x), lengths, name="live")
    return graph.add("Unsqueeze", live, graph.constant([2]))


def clear_padding(graph: Graph, x: str, live: str) -> str:
    """Return x (T, B, …) with zeros past the end of each row."""
    return graph.add("Where", live, x, graph.number(0.0))


def select_step(graph: Graph, x: str, number: str) -> str:
    """Return the step ``number`` (B,) of each row of x (T, B, size), (B, size)."""
    chosen = graph.add("Equal", step_numbers(graph, x), number)
    chosen = graph.add("Unsqueeze", chosen, graph.constant([2]))
    kept = graph.add("Where", chosen, x, graph.number(0.0))
    return graph.add("ReduceSum", kept, graph.constant([0]), keepdims=0)


def reverse(graph: Graph, x: str, lengths: str | None) -> str:
    """Return x (T, B, …) with the steps of each row in reverse order; padding is not moved."""
    if lengths is None:
        return slice_steps(graph, x, -1, FIRST, -1)
    return graph.add("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)
