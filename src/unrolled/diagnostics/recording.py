"""Recording of a forward pass: every step of the recurrent layers of any module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from unrolled.diagnostics.passes import Recording
from unrolled.diagnostics.sequences import build_passes
from unrolled.diagnostics.torch_twin import TORCH_LAYERS
from unrolled.diagnostics.tracing import LayerCall, trace_layers
from unrolled.errors import ConfigError, NonFiniteError, ShapeError
from unrolled.layers import Recurrent

Run = Callable[[], Tensor]
"""Function that runs a module on a batch and returns the losses, (N, B), (B,) or a scalar."""


def record(model: nn.Module, run: Run) -> Recording:
    """Run a module in evaluation mode and record every step of its recurrent layers.

    During the run, the reference loop computes each recurrent layer of this toolkit and each torch.nn.RNN,
    LSTM and GRU inside the module. The module itself is not changed. If a layer is called again with its last
    final state, as in a decoder, the calls are recorded as one sequence. A call with any other state starts a
    new sequence, with its number in the name (``"encoder#2.l0"``).

    Args:
        model: a module of torch.nn or of this toolkit.
        run: calls the module and returns one loss per step and row, (N, B), one per row, (B,), or a scalar.
            The loss of a row must depend on that row only.

    Raises:
        ConfigError: if the module has no recurrent layer, or none was called.
        ShapeError: if the losses have another shape, or do not depend on the model.
    """
    if not isinstance(model, nn.Module) or not callable(run):
        raise ConfigError(
            "give a torch module, and a function without arguments that runs it and returns the losses; got "
            f"{type(model).__name__} and {type(run).__name__}"
        )
    layers = {name: m for name, m in model.named_modules() if isinstance(m, (Recurrent, *TORCH_LAYERS))}
    if not layers:
        kinds = ", ".join(sorted({type(m).__name__ for m in model.modules() if not any(m.children())}))
        raise ConfigError(
            f"{type(model).__name__} has no recurrent layer (RNN, LSTM or GRU, of unrolled or of "
            f"torch.nn); it consists of {kinds}"
        )
    calls: dict[str, list[LayerCall]] = {name: [] for name in layers}
    with _evaluation(model), torch.enable_grad():
        with trace_layers(layers, calls):
            losses = run()
        passes = [p for name, layer_calls in calls.items() for p in build_passes(name, layer_calls)]
    if not passes:
        raise ConfigError(f"the recurrent layers {', '.join(layers)} were not called")
    return Recording(_as_rows(losses), tuple(passes))


def check_finite(model: nn.Module, recording: Recording) -> None:
    """Raise NonFiniteError for the first weight, state or loss that is infinite or NaN."""
    for name, w in model.named_parameters():
        if not w.isfinite().all():
            raise NonFiniteError(
                f"the weights of {name} have an infinite or NaN value: no diagnosis is possible"
            )
    for p in recording.passes:
        for name, values in p.states.items():
            bad = (~values.isfinite()).any(-1).nonzero()
            if len(bad):
                raise NonFiniteError(f"{p.name}: the state {name} is not finite at step {int(bad[0, 0])}")
    if not recording.losses.isfinite().all():
        raise NonFiniteError("the losses are not finite, although all states are")


def _as_rows(losses: Tensor) -> Tensor:
    if not isinstance(losses, Tensor) or losses.dim() > 2:
        form = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
        raise ShapeError(f"losses must be a tensor (N, B), (B,) or a scalar, got {form}")
    if not losses.requires_grad:
        raise ShapeError("the losses have no gradient: compute them from the model's output, without no_grad")
    return losses if losses.dim() == 2 else losses.reshape(1, -1)


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    modes = {m: m.training for m in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for m, mode in modes.items():
            m.training = mode
