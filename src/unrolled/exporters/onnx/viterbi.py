"""The Viterbi algorithm as nodes: the best sequence of tags, by two Scans."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.graph import Graph, Value

INT64 = np.int64


class Scores(NamedTuple):
    """Scores of the first tag (K,), of transitions from tag to tag (K, K), and of the last tag (K,)."""

    start: NDArray[np.float32]
    transition: NDArray[np.float32]
    end: NDArray[np.float32]


def add_viterbi(graph: Graph, emissions: str, live: str, scores: Scores) -> str:
    """Return the tags (T, B) with the highest sum of scores, zero past the end of a row.

    Args:
        graph: where the nodes go.
        emissions: scores of the tags of each step, (T, B, K).
        live: mask (T, B, 1), true before the end of each row.
        scores: scores of the first tag, of transitions and of the last tag.
    """
    size = len(scores.start)
    numbers = graph.add("Unsqueeze", steps.step_numbers(graph, emissions), graph.constant([2]))
    is_first = graph.add("Equal", numbers, graph.constant(0))
    best, pointers = graph.add_multiple(
        "Scan",
        [steps.fill(graph, 0.0, emissions, size), is_first, live, emissions],
        ["best", "pointers"],
        body=_forward_step(graph, scores).to_graph("viterbi_forward"),
        num_scan_inputs=3,
    )
    ended = graph.add("Add", best, graph.weight("viterbi.end", scores.end))
    last = graph.add("ArgMax", ended, axis=1, keepdims=1)
    _, tags = graph.add_multiple(
        "Scan",
        [last, live, pointers],
        ["first", "tags"],
        body=_backward_step(graph, size).to_graph("viterbi_backward"),
        num_scan_inputs=2,
        scan_input_directions=[1, 1],
        scan_output_directions=[1],
    )
    return graph.add("Squeeze", tags, graph.constant([2]))


def _forward_step(graph: Graph, scores: Scores) -> Graph:
    """Return the step that computes the best score of every tag, and the tag before it."""
    body, size = graph.body(), len(scores.start)
    row = ("batch", size)
    old = body.input(Value(graph.unique("score"), row))
    is_first = body.input(Value(graph.unique("is_first"), (1, 1), np.bool_))
    live = body.input(Value(graph.unique("live_t"), ("batch", 1), np.bool_))
    emission = body.input(Value(graph.unique("emission"), row))
    pairs = body.add("Unsqueeze", old, graph.constant([2]))
    pairs = body.add("Add", pairs, graph.weight("viterbi.transition", scores.transition))
    best = body.add("ReduceMax", pairs, graph.constant([1]), keepdims=0)
    pointers = body.add("ArgMax", pairs, axis=1, keepdims=0)
    best = body.add("Where", is_first, graph.weight("viterbi.start", scores.start), best)
    best = body.add("Add", best, emission)
    body.result(row, body.add("Where", live, best, old))
    body.result(row, pointers, INT64)
    return body


def _backward_step(graph: Graph, size: int) -> Graph:
    """Return the step that follows the pointers from the last tag to the first."""
    body, column = graph.body(), ("batch", 1)
    tag = body.input(Value(graph.unique("tag"), column, INT64))
    live = body.input(Value(graph.unique("live_t"), column, np.bool_))
    pointers = body.input(Value(graph.unique("pointers_t"), ("batch", size), INT64))
    before = body.add("GatherElements", pointers, tag, axis=1)
    body.result(column, body.add("Where", live, before, tag), INT64)
    body.result(column, body.add("Where", live, tag, graph.constant(0)), INT64)
    return body
