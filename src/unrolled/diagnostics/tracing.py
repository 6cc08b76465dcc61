"""Tracing of the recurrent layers inside any module."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.backends.ragged import live_steps
from unrolled.diagnostics.torch_twin import make_twin
from unrolled.layers import Recurrent
from unrolled.layers.result import Traced
from unrolled.short_repr import short_repr


@short_repr
@dataclass(frozen=True)
class LayerCall:
    """Traced call of a layer."""

    layer: Recurrent
    traced: Traced
    live: Tensor
    """(T, B), False beyond the length of a row."""


@contextmanager
def trace_layers(layers: Mapping[str, nn.Module], calls: Mapping[str, list[LayerCall]]) -> Iterator[None]:
    """Trace every call of the layers inside the context; append it to ``calls`` under the layer's name."""
    original_forwards = {module: module.__dict__.get("forward") for module in layers.values()}
    try:
        for name, module in layers.items():
            module.__dict__["forward"] = _make_tracing_forward(module, calls[name])
        yield
    finally:
        for module, forward in original_forwards.items():
            if forward is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = forward


def _make_tracing_forward(module: nn.Module, calls: list[LayerCall]) -> Callable[..., Any]:
    def forward(input: Any, hx: Any = None, **options: Any) -> Any:
        layer = module if isinstance(module, Recurrent) else make_twin(module)  # type: ignore[arg-type]
        settings = layer.backend, layer.precision
        layer.backend, layer.precision = "reference", "full"
        try:
            traced = layer.trace(input, hx, **options, probe=True)
        finally:
            layer.backend, layer.precision = settings
        calls.append(LayerCall(layer, traced, _live_mask(traced, input, options.get("lengths"))))
        return traced.output, traced.state

    return forward


def _shape(traced: Traced) -> tuple[int, int]:
    """Return (T, B) of a call."""
    steps, rows = next(iter(traced.entered.values()))["x"].shape[:2]
    return steps, rows


def _live_mask(traced: Traced, input: Any, lengths: Any) -> Tensor:
    """Return a mask (T, B), False beyond the length of a row."""
    steps, rows = _shape(traced)
    if isinstance(input, nn.utils.rnn.PackedSequence):
        lengths = nn.utils.rnn.pad_packed_sequence(input)[1]
    if lengths is None:
        return torch.ones(steps, rows, dtype=torch.bool)
    return live_steps(torch.as_tensor(lengths), steps, torch.device("cpu"))
