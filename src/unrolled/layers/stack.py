"""Run all layers of a stack on the backend chosen for the pass."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from unrolled.backends import Carry, Choice, Direction, LayerCall, LayerResult, Lookup
from unrolled.backends.base import DirectionTrace
from unrolled.backends.lookup import resolve_lookup
from unrolled.layers.carry import reset_rows
from unrolled.layers.dropout import dropout, locked_dropout
from unrolled.layers.reset import Resets, split_at_resets

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent

Probes = dict[str, dict[str, Tensor]]
"""Zeros (T, B, size) that are added to the states, by layer and state."""


class Plan(NamedTuple):
    """Settings of a forward pass, fixed before its first layer runs."""

    choice: Choice
    lengths: Tensor | None
    resets: Resets
    trace: bool
    probes: Probes
    """Empty unless gradients of states are requested."""


class StackResult(NamedTuple):
    """Output of a stack and the states of all layers."""

    y: Tensor
    """Output of the last layer, (T, B, D·R)."""
    carries: list[Carry]
    """Final states of all layers and directions."""
    traces: dict[str, DirectionTrace]
    """Traces by layer and direction; empty unless requested."""


def run_stack(layer: "Recurrent", x: Tensor | Lookup, carries: list[Carry], plan: Plan) -> StackResult:
    """Run all layers over all steps.

    Args:
        layer: the module with the parameters and options.
        x: input (T, B, I).
        carries: initial state of each layer and direction.
        plan: settings of this pass.
    """
    directions = layer.num_directions
    finals: list[Carry] = []
    traces: dict[str, DirectionTrace] = {}
    for number in range(layer.num_layers):
        below = x
        x = _apply_dropout(layer, x) if number else x
        layer_carries = carries[number * directions : (number + 1) * directions]
        result = _run_layer(layer, number, x, layer_carries, plan)
        finals += result.carries
        if plan.trace:
            for name, trace in zip(layer._layer_names(number), result.traces, strict=True):
                traces[name] = trace._replace(entered={"x": resolve_lookup(x)} | trace.entered)
        x = result.y
        if layer.residual and number:
            x = x + resolve_lookup(below)
    return StackResult(resolve_lookup(x), finals, traces)


def make_probes(layer: "Recurrent", x: Tensor) -> Probes:
    """Return zeros that require a gradient for every state of every layer, direction and step."""
    sizes = layer.cell.state_sizes(layer.hidden_size, layer.proj_size)
    return {
        name: {
            state: x.new_zeros(*x.shape[:2], size, requires_grad=True)
            for state, size in zip(layer.cell.state_names, sizes, strict=True)
        }
        for number in range(layer.num_layers)
        for name in layer._layer_names(number)
    }


def _apply_dropout(layer: "Recurrent", x: Tensor | Lookup) -> Tensor:
    """Apply the dropout between layers."""
    x = dropout(resolve_lookup(x), layer.dropout, layer.training)
    return locked_dropout(x, layer.drop.locked, layer.training)


def _run_layer(
    layer: "Recurrent", number: int, x: Tensor | Lookup, carries: list[Carry], plan: Plan
) -> LayerResult:
    """Run one layer, split at the steps where rows are reset."""
    weights = [layer._parameters_of(number, d) for d in range(len(carries))]
    results: list[LayerResult] = []
    for begin, piece in split_at_resets(x, plan.resets):
        if begin in plan.resets:
            carries = reset_rows(carries, plan.resets[begin])
        probes = _slice_probes(layer, number, plan.probes, begin, piece)
        directions = [
            Direction(carry, p, layer._masks(piece), bool(d), probes[d] if probes else None)
            for d, (carry, p) in enumerate(zip(carries, weights, strict=True))
        ]
        call = LayerCall(
            layer.cell,
            piece,
            directions,
            plan.lengths,
            layer.skip,
            layer.training,
            plan.trace,
            layer.checkpoint_every,
            plan.choice.bfloat16,
        )
        results.append(plan.choice.backend.run_layer(call))
        carries = results[-1].carries
    return results[0] if len(results) == 1 else _join_in_time(results)


def _slice_probes(
    layer: "Recurrent", number: int, probes: Probes, begin: int, piece: Tensor | Lookup
) -> list[dict[str, Tensor]]:
    """Return the probes of each direction of a layer for the steps of ``piece``; empty if there are none."""
    if not probes:
        return []
    steps = slice(begin, begin + len(piece))
    return [{n: t[steps] for n, t in probes[name].items()} for name in layer._layer_names(number)]


def _join_in_time(results: list[LayerResult]) -> LayerResult:
    """Join the results of consecutive pieces of the sequence."""
    traces = [
        DirectionTrace(_cat([s.trace for s in parts]), _cat([s.entered for s in parts]))
        for parts in zip(*(r.traces for r in results), strict=True)
    ]
    return LayerResult(torch.cat([r.y for r in results]), results[-1].carries, traces)


def _cat(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([piece[name] for piece in parts]) for name in parts[0]}
