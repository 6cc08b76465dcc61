"""Recurrent layers of any module, made to trace what they compute."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.backends.ragged import live_steps
from unrolled.diagnostics.twin import twin_of
from unrolled.layers import Recurrent
from unrolled.layers.result import Traced
from unrolled.short_repr import short_repr


@short_repr
@dataclass(frozen=True)
class Call:
    """One call of a layer."""

    layer: Recurrent
    traced: Traced
    live: Tensor
    """(T, B), false past the length of a row."""


@contextmanager
def opened(found: Mapping[str, nn.Module], calls: Mapping[str, list[Call]]) -> Iterator[None]:
    """Let the layers trace what they compute; what was called is appended to ``calls``."""
    own = {module: module.__dict__.get("forward") for module in found.values()}
    try:
        for name, module in found.items():
            module.__dict__["forward"] = _tracing(module, calls[name])
        yield
    finally:
        for module, forward in own.items():
            if forward is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = forward


def _tracing(module: nn.Module, calls: list[Call]) -> Callable[..., Any]:
    def forward(input: Any, hx: Any = None, **options: Any) -> Any:
        layer = module if isinstance(module, Recurrent) else twin_of(module)  # type: ignore[arg-type]
        own, (layer.backend, layer.precision) = (layer.backend, layer.precision), ("reference", "full")
        try:
            traced = layer.trace(input, hx, **options, probe=True)
        finally:
            layer.backend, layer.precision = own
        calls.append(Call(layer, traced, _live(traced, input, options.get("lengths"))))
        return traced.output, traced.state

    return forward


def _shape(traced: Traced) -> tuple[int, int]:
    """Return (T, B) of a call."""
    steps, rows = next(iter(traced.entered.values()))["x"].shape[:2]
    return steps, rows


def _live(traced: Traced, input: Any, lengths: Any) -> Tensor:
    """Return (T, B), false past the length of a row."""
    steps, rows = _shape(traced)
    if isinstance(input, nn.utils.rnn.PackedSequence):
        lengths = nn.utils.rnn.pad_packed_sequence(input)[1]
    if lengths is None:
        return torch.ones(steps, rows, dtype=torch.bool)
    return live_steps(torch.as_tensor(lengths), steps, torch.device("cpu"))
