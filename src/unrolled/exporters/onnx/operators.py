"""Recurrent layers as the operators LSTM, GRU and RNN of the ONNX standard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.cells import GRU, LSTM, Elman
from unrolled.exporters.onnx.graph import Graph
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.layers import RecurrentSpec, StackSpec


@dataclass(frozen=True)
class Operator:
    """An operator that computes the same as a layer."""

    name: str
    order: tuple[int, ...]
    """Position of each of ONNX's gates among ours. LSTM: i o f c from i f g o. GRU: z r h from r z n."""
    attributes: Mapping[str, Any]
    peepholes: tuple[str, ...] = ()
    """Gates with a peephole, in ONNX's order."""


def find_operator(spec: StackSpec) -> Operator | None:
    """Return the operator for the layers of a stack; None if the standard has none."""
    if not isinstance(spec, RecurrentSpec) or spec.cell.layer_norm:
        return None
    if spec.proj_size or spec.skip or spec.masks:
        return None
    cell, count = spec.cell, 1 + spec.bidirectional
    # A subclass may have another step, so the exact type counts.
    if type(cell) is LSTM:
        return Operator("LSTM", (0, 3, 1, 2), {}, ("i", "o", "f") if cell.peepholes else ())
    if type(cell) is GRU:
        return Operator("GRU", (1, 0, 2), {"linear_before_reset": int(cell.reset == "after")})
    if type(cell) is Elman:
        return Operator("RNN", (0,), {"activations": [cell.nonlinearity.title()] * count})
    return None


def add_operator(
    graph: Graph,
    operator: Operator,
    spec: RecurrentSpec,
    layer: int,
    weights: Weights,
    x: str,
    states: Mapping[str, str] | None,
    lengths: str | None,
) -> tuple[str, dict[str, str]]:
    """Add all directions of one layer as one node.

    Args:
        graph: where the node goes.
        operator: result of :func:`find_operator`.
        spec: the stack.
        layer: number of the layer.
        weights: parameters of the stack.
        x: input (T, B, I).
        states: states before the first step by name, (B, H) each; None means zeros.
        lengths: number of steps of each row, (B,), int32; None if all have T steps.

    Returns:
        The output (T, B, D·H), zero past the length of a row, and the final states by name.
    """
    suffixes = [f"_l{layer}{suffix}" for suffix in ("", "_reverse")[: 1 + spec.bidirectional]]
    stacked = _stack_weights(operator, spec, layer, weights, suffixes)
    names = {kind: graph.weight(f"{weights.prefix}l{layer}.{kind}", a) for kind, a in stacked.items()}
    kinds = spec.cell.state_names
    first = [_stack(graph, [states[kind + s] for s in suffixes]) if states else "" for kind in kinds]
    peepholes = [names["P"]] if operator.peepholes else []
    inputs = [x, names["W"], names["R"], names.get("B", ""), lengths or "", *first, *peepholes]
    y, *finals = graph.add_multiple(
        operator.name,
        inputs,
        ["steps", *(f"final_{kind}" for kind in kinds)],
        hidden_size=spec.hidden_size,
        direction="bidirectional" if spec.bidirectional else "forward",
        **operator.attributes,
    )
    split = {
        kind + suffix: part
        for kind, final in zip(kinds, finals, strict=True)
        for suffix, part in zip(suffixes, _unstack(graph, final, len(suffixes)), strict=True)
    }
    return _join_directions(graph, y, len(suffixes)), split


def _stack_weights(
    operator: Operator, spec: RecurrentSpec, layer: int, weights: Weights, suffixes: list[str]
) -> dict[str, NDArray[np.float32]]:
    """Return W, R, B and P of a layer, with one entry for each direction, in ONNX's order of gates."""
    shapes = spec.cell.shapes(spec.size_below(layer), spec.hidden_size, bias=spec.bias)

    def get(name: str, suffix: str) -> NDArray[np.float32]:
        blocks = np.split(weights.get(f"{name}{suffix}", shapes[name]), len(operator.order))
        return np.concatenate([blocks[gate] for gate in operator.order])

    stacked = {
        "W": np.stack([get("weight_ih", s) for s in suffixes]),
        "R": np.stack([get("weight_hh", s) for s in suffixes]),
    }
    if spec.bias:
        both = [np.concatenate([get("bias_ih", s), get("bias_hh", s)]) for s in suffixes]
        stacked["B"] = np.stack(both)
    if operator.peepholes:
        rows = [[weights.get(f"weight_peephole_{g}{s}") for g in operator.peepholes] for s in suffixes]
        stacked["P"] = np.stack([np.concatenate(row) for row in rows])
    return stacked


def _stack(graph: Graph, directions: list[str]) -> str:
    """Return a state (D, B, H) of those of all directions, (B, H) each."""
    axis = graph.constant([0])
    parts = [graph.add("Unsqueeze", state, axis) for state in directions]
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=0)


def _unstack(graph: Graph, state: str, directions: int) -> list[str]:
    if directions == 1:
        return [graph.add("Squeeze", state, graph.constant([0]))]
    return [graph.add("Gather", state, graph.constant(d), axis=0) for d in range(directions)]


def _join_directions(graph: Graph, y: str, directions: int) -> str:
    """Return (T, B, D·H) of (T, D, B, H)."""
    if directions == 1:
        return graph.add("Squeeze", y, graph.constant([1]))
    by_row = graph.add("Transpose", y, perm=[0, 2, 1, 3])
    return graph.add("Reshape", by_row, graph.constant([0, 0, -1]))
