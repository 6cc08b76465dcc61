"""A forward pass of any module, with its recurrent layers opened up."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.backends.ragged import live_steps
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.diagnostics.twin import TORCH_LAYERS, twin_of
from unrolled.errors import ConfigError, NonFiniteError, ShapeError
from unrolled.layers import Recurrent
from unrolled.layers.result import Traced

Run = Callable[[], Tensor]
"""Runs a module on a batch and returns the losses, (N, B), (B,) or a number."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One direction of one layer over a window of T steps and B rows.

    Every tensor is in the time order of the input. ``name`` is that of the module and the layer, as in
    ``"encoder.l0_reverse"``.
    """

    name: str
    cell: Cell
    parameters: Parameters
    reverse: bool
    skip: int
    masks: Masks
    """Rates of zoneout, as in evaluation."""
    live: Tensor
    """(T, B), false past the length of a row."""
    entered: Mapping[str, Tensor]
    """x (T, B, I), a (T, B, G·H) and the states before each step."""
    states: Mapping[str, Tensor]
    """The states after each step, (T, B, size)."""
    gates: Mapping[str, Tensor]
    probes: Mapping[str, tuple[Tensor, ...]]
    """By state: zeros of consecutive calls, whose gradient is that of the state."""

    @property
    def before(self) -> State:
        """The states before each step, in the cell's order, each (T, B, size)."""
        return tuple(self.entered[name] for name in self.cell.state_names)

    @property
    def state_size(self) -> int:
        """N, the size of the whole state of a row: R, for an LSTM R + H."""
        return sum(s.shape[-1] for s in self.before)

    def steps_of(self, row: int) -> list[int]:
        """Return the steps of a row in the order in which the layer took them."""
        steps: list[int] = self.live[:, row].nonzero().flatten().tolist()
        return steps[::-1] if self.reverse else steps


@dataclass(frozen=True, eq=False)
class Recording:
    """The losses (N, B) of a batch, and every recurrent layer that they came through."""

    losses: Tensor
    passes: tuple[Pass, ...]

    def find(self, name: str) -> Pass:
        """Return a pass by name.

        Raises:
            ConfigError: if there is none.
        """
        for one in self.passes:
            if one.name == name:
                return one
        raise ConfigError(f"no layer {name!r}; there are {', '.join(p.name for p in self.passes)}")


def record(model: nn.Module, run: Run) -> Recording:
    """Run a module in evaluation mode with its recurrent layers opened up.

    While it runs, each layer of this toolkit and each torch.nn.RNN, LSTM and GRU inside the module is
    computed by the reference loop. The module itself is left as it was. A layer that is called again with
    the state that it left, as in a decoder, is recorded as one sequence of all its steps; called with any
    other state it begins another one, whose name has the number of the sequence (``"encoder#2.l0"``).

    Args:
        model: the module, or ours.
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
    calls: dict[str, list[_Call]] = {name: [] for name in found}
    with _evaluation(model), torch.enable_grad():
        with _opened(found, calls):
            losses = run()
        passes = [
            p
            for name, those in calls.items()
            for number, part in enumerate(_sequences(those), start=1)
            for p in _passes(name if number == 1 else f"{name}#{number}", part)
        ]
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


@dataclass(frozen=True)
class _Call:
    layer: Recurrent
    traced: Traced
    live: Tensor


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    modes = {m: m.training for m in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for m, mode in modes.items():
            m.training = mode


@contextmanager
def _opened(found: Mapping[str, nn.Module], calls: Mapping[str, list[_Call]]) -> Iterator[None]:
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


def _tracing(module: nn.Module, calls: list[_Call]) -> Callable[..., Any]:
    def forward(input: Any, hx: Any = None, **options: Any) -> Any:
        layer = module if isinstance(module, Recurrent) else twin_of(module)  # type: ignore[arg-type]
        own, (layer.backend, layer.precision) = (layer.backend, layer.precision), ("reference", "full")
        try:
            traced = layer.trace(input, hx, **options, probe=True)
        finally:
            layer.backend, layer.precision = own
        calls.append(_Call(layer, traced, _live(traced, input, options.get("lengths"))))
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


def _sequences(calls: list[_Call]) -> Iterator[list[_Call]]:
    """Yield calls that go on from one another together: each is given the state that the one before left."""
    part: list[_Call] = []
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


def _passes(module: str, calls: list[_Call]) -> Iterator[Pass]:
    """Yield the layers and directions of one module, its calls joined along time."""
    layer = calls[0].layer
    for number in range(layer.num_layers):
        for direction, key in enumerate(layer._layer_names(number)):
            parameters = layer._parameters_of(number, direction)
            yield _pass(module, key, calls, {n: p.detach() for n, p in parameters.items()})


def _pass(module: str, key: str, calls: list[_Call], parameters: Parameters) -> Pass:
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
