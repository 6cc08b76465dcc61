"""Calls of a layer joined along time, as passes."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from unrolled.cells import Parameters
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.tracing import Call
from unrolled.layers.result import Traced


def passes_of(module: str, calls: Sequence[Call]) -> Iterator[Pass]:
    """Yield a pass for each layer and direction of a module, for each sequence that its calls make.

    Args:
        module: the name of the module; from the second sequence on it gets a number (``"encoder#2"``).
        calls: all calls of the module, in their order.
    """
    for number, part in enumerate(_sequences(calls), start=1):
        yield from _passes(module if number == 1 else f"{module}#{number}", part)


def _sequences(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """Yield calls that go on from one another together: each is given the state that the one before left."""
    part: list[Call] = []
    for call in calls:
        if part and not _goes_on(part[-1].traced, call.traced):
            yield part
            part = []
        part.append(call)
    if part:
        yield part


def _goes_on(before: Traced, after: Traced) -> bool:
    """Whether every layer begins with the state at which it stood; one that runs backwards never does."""
    if any(key.endswith("_reverse") for key in after.layers):
        return False
    return all(
        torch.equal(values[name][-1], after.entered[key][name][0])
        for key, values in before.layers.items()
        for name in set(values) & set(after.entered[key])
    )


def _passes(module: str, calls: list[Call]) -> Iterator[Pass]:
    """Yield the layers and directions of one module, its calls joined along time."""
    layer = calls[0].layer
    for number in range(layer.num_layers):
        for direction, key in enumerate(layer._layer_names(number)):
            parameters = layer._parameters_of(number, direction)
            yield _pass(module, key, calls, {n: p.detach() for n, p in parameters.items()})


def _pass(module: str, key: str, calls: list[Call], parameters: Parameters) -> Pass:
    layer, traced = calls[0].layer, [c.traced for c in calls]
    states = layer.cell.state_names
    seen, entered = (
        _joined(parts) for parts in zip(*((t.layers[key], t.entered[key]) for t in traced), strict=True)
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
        states={n: seen[n] for n in states},
        gates={n: v for n, v in seen.items() if n not in states},
        probes={n: tuple(t.probes[key][n] for t in traced) for n in states},
    )


def _joined(calls: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([call[name] for call in calls]).detach() for name in calls[0]}
