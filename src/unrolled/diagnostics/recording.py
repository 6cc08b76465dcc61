"""A forward pass of any module, with every step of its recurrent layers recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from unrolled.diagnostics.passes import Recording
from unrolled.diagnostics.sequences import passes_of
from unrolled.diagnostics.tracing import Call, opened
from unrolled.diagnostics.twin import TORCH_LAYERS
from unrolled.errors import ConfigError, NonFiniteError, ShapeError
from unrolled.layers import Recurrent

Run = Callable[[], Tensor]
"""Runs a module on a batch and returns the losses, (N, B), (B,) or a number."""


def record(model: nn.Module, run: Run) -> Recording:
    """Run a module in evaluation mode with its recurrent layers opened up.

    While it runs, each layer of this toolkit and each torch.nn.RNN, LSTM and GRU inside the module is
    computed by the reference loop. The module itself is left as it was. A layer that is called again with
    the state that it left, as in a decoder, is recorded as one sequence of all its steps; called with any
    other state it begins another one, whose name has the number of the sequence (``"encoder#2.l0"``).

    Args:
        model: a module of torch.nn or of this toolkit.
        run: calls it and returns losses that differ in steps and rows, (N, B), or in rows alone, (B,), or one
            number. The loss of a row must depend on this row alone.

    Raises:
        ConfigError: if there is no recurrent layer, or none was called.
        ShapeError: if the losses have another form, or do not depend on the model.
    """
    if not isinstance(model, nn.Module) or not callable(run):
        raise ConfigError(
            "give a torch module, and a function without arguments that runs it and returns its losses; got "
            f"{type(model).__name__} and {type(run).__name__}"
        )
    found = {name: m for name, m in model.named_modules() if isinstance(m, (Recurrent, *TORCH_LAYERS))}
    if not found:
        kinds = ", ".join(sorted({type(m).__name__ for m in model.modules() if not any(m.children())}))
        raise ConfigError(
            f"{type(model).__name__} holds no recurrent layer (RNN, LSTM or GRU, of unrolled or of "
            f"torch.nn); it is made of {kinds}"
        )
    calls: dict[str, list[Call]] = {name: [] for name in found}
    with _evaluation(model), torch.enable_grad():
        with opened(found, calls):
            losses = run()
        passes = [p for name, those in calls.items() for p in passes_of(name, those)]
    if not passes:
        raise ConfigError(f"the recurrent layers {', '.join(found)} were not called")
    return Recording(_as_rows(losses), tuple(passes))


def check_finite(model: nn.Module, recording: Recording) -> None:
    """Raise NonFiniteError for the first weight, state or loss that is infinite or not a number."""
    for name, w in model.named_parameters():
        if not w.isfinite().all():
            raise NonFiniteError(
                f"the weights of {name} hold an infinite number, or none: nothing can be seen"
            )
    for p in recording.passes:
        for name, values in p.states.items():
            bad = (~values.isfinite()).any(-1).nonzero()
            if len(bad):
                raise NonFiniteError(f"{p.name}: the state {name} is not finite at step {int(bad[0, 0])}")
    if not recording.losses.isfinite().all():
        raise NonFiniteError("the losses are not finite; every state is")


def _as_rows(losses: Tensor) -> Tensor:
    if not isinstance(losses, Tensor) or losses.dim() > 2:
        form = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
        raise ShapeError(f"losses must be a tensor (N, B), (B,) or a number, got {form}")
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
