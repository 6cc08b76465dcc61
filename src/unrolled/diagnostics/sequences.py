"""Joins consecutive calls of a layer along time into passes."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from unrolled.cells import Parameters
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.tracing import LayerCall
from unrolled.layers.result import Traced


def build_passes(module: str, calls: Sequence[LayerCall]) -> Iterator[Pass]:
    """Yield a pass for each layer and direction of a module, and for each sequence of consecutive calls.

    Args:
        module: name of the module; from the second sequence on, the number is appended (``"encoder#2"``).
        calls: all calls of the module, in order.
    """
    for number, group in enumerate(_group_consecutive(calls), start=1):
        yield from _passes(module if number == 1 else f"{module}#{number}", group)


def _group_consecutive(calls: Sequence[LayerCall]) -> Iterator[list[LayerCall]]:
    """Group calls into sequences: each call starts from the final state of the previous one."""
    group: list[LayerCall] = []
    for call in calls:
        if group and not _continues(group[-1].traced, call.traced):
            yield group
            group = []
        group.append(call)
    if group:
        yield group


def _continues(before: Traced, after: Traced) -> bool:
    """Return whether every layer starts from its previous final state; always False for backward layers."""
    if any(key.endswith("_reverse") for key in after.layers):
        return False
    return all(
        torch.equal(values[name][-1], after.entered[key][name][0])
        for key, values in before.layers.items()
        for name in set(values) & set(after.entered[key])
    )


def _passes(module: str, calls: list[LayerCall]) -> Iterator[Pass]:
    """Yield a pass for each layer and direction of a module, with its calls joined along time."""
    layer = calls[0].layer
    for number in range(layer.num_layers):
        for direction, key in enumerate(layer._layer_names(number)):
            parameters = layer._parameters_of(number, direction)
            yield _pass(module, key, calls, {n: p.detach() for n, p in parameters.items()})


def _pass(module: str, key: str, calls: list[LayerCall], parameters: Parameters) -> Pass:
    layer, traced = calls[0].layer, [c.traced for c in calls]
    states = layer.cell.state_names
    traced_values, entered = (
        _concatenate(parts) for parts in zip(*((t.layers[key], t.entered[key]) for t in traced), strict=True)
    )
    return Pass(
        name=".".join(part for part in (module, key) if part),
        cell=layer.cell,
        parameters=parameters,
        reverse=key.endswith("_reverse"),
        skip=layer.skip,
        masks=layer._masks(entered["x"]),
        live=torch.cat([c.live for c in calls]),
        entered=entered,
        states={n: traced_values[n] for n in states},
        gates={n: v for n, v in traced_values.items() if n not in states},
        probes={n: tuple(t.probes[key][n] for t in traced) for n in states},
    )


def _concatenate(calls: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([call[name] for call in calls]).detach() for name in calls[0]}
