"""All layers of a stack, one above the other, on the backend that was chosen for the pass."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from unrolled.backends import Carry, Choice, Direction, LayerCall, LayerResult, Lookup
from unrolled.backends.base import Seen
from unrolled.backends.lookup import resolved
from unrolled.layers.carry import reset
from unrolled.layers.dropout import dropout, locked_dropout
from unrolled.layers.fresh import Resets, pieces

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent

Probes = dict[str, dict[str, Tensor]]
"""Zeros (T, B, size) by layer and state."""


class Plan(NamedTuple):
    """Settings of a pass, fixed before its first layer runs."""

    choice: Choice
    lengths: Tensor | None
    resets: Resets
    trace: bool
    probes: Probes
    """Empty unless gradients of states were asked for."""


class StackResult(NamedTuple):
    """Output and states of all layers."""

    y: Tensor
    """Of the last layer, (T, B, D·R)."""
    carries: list[Carry]
    """Of every layer and direction."""
    seen: dict[str, Seen]
    """By layer and direction, where a trace was asked for."""


def run_stack(layer: "Recurrent", x: Tensor | Lookup, carries: list[Carry], plan: Plan) -> StackResult:
    """Run all layers over all steps.

    Args:
        layer: the module with the parameters and options.
        x: input (T, B, I).
        carries: initial state of each layer and direction.
        plan: of this pass.
    """
    directions = layer.num_directions
    finals: list[Carry] = []
    seen: dict[str, Seen] = {}
    for number in range(layer.num_layers):
        below = x
        x = _between(layer, x) if number else x
        mine = carries[number * directions : (number + 1) * directions]
        result = _run_layer(layer, number, x, mine, plan)
        finals += result.carries
        if plan.trace:
            for name, there in zip(layer._layer_names(number), result.seen, strict=True):
                seen[name] = there._replace(entered={"x": resolved(x)} | there.entered)
        x = result.y
        if layer.residual and number:
            x = x + resolved(below)
    return StackResult(resolved(x), finals, seen)


def make_probes(layer: "Recurrent", x: Tensor) -> Probes:
    """Return zeros for every state of every layer and direction at every step, ready for a gradient."""
    sizes = layer.cell.state_sizes(layer.hidden_size, layer.proj_size)
    return {
        name: {
            state: x.new_zeros(*x.shape[:2], size, requires_grad=True)
            for state, size in zip(layer.cell.state_names, sizes, strict=True)
        }
        for number in range(layer.num_layers)
        for name in layer._layer_names(number)
    }


def _between(layer: "Recurrent", x: Tensor | Lookup) -> Tensor:
    x = dropout(resolved(x), layer.dropout, layer.training)
    return locked_dropout(x, layer.drop.locked, layer.training)


def _run_layer(
    layer: "Recurrent", number: int, x: Tensor | Lookup, carries: list[Carry], plan: Plan
) -> LayerResult:
    """Run one layer, in pieces between the steps at which rows begin anew."""
    weights = [layer._parameters_of(number, d) for d in range(len(carries))]
    results: list[LayerResult] = []
    for begin, part in pieces(x, plan.resets):
        if begin in plan.resets:
            carries = reset(carries, plan.resets[begin])
        probes = _probes_of(layer, number, plan.probes, begin, part)
        directions = [
            Direction(carry, p, layer._masks(part), bool(d), probes[d] if probes else None)
            for d, (carry, p) in enumerate(zip(carries, weights, strict=True))
        ]
        call = LayerCall(
            layer.cell,
            part,
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
    return results[0] if len(results) == 1 else _joined(results)


def _probes_of(
    layer: "Recurrent", number: int, probes: Probes, begin: int, part: Tensor | Lookup
) -> list[dict[str, Tensor]]:
    """Return the probes of each direction of a layer over one piece of time, or nothing if there are none."""
    if not probes:
        return []
    steps = slice(begin, begin + len(part))
    return [{n: t[steps] for n, t in probes[name].items()} for name in layer._layer_names(number)]


def _joined(results: list[LayerResult]) -> LayerResult:
    """Return consecutive pieces of time as one."""
    seen = [
        Seen(_cat([s.trace for s in parts]), _cat([s.entered for s in parts]))
        for parts in zip(*(r.seen for r in results), strict=True)
    ]
    return LayerResult(torch.cat([r.y for r in results]), results[-1].carries, seen)


def _cat(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
