"""The loop through time in readable Python: the reference that every other backend is tested against.

It runs any cell in any dtype on any device, has derivatives of every order, and can record every state and
gate of every step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.backends.base import (
    Backend,
    Carry,
    Direction,
    DirectionTrace,
    LayerCall,
    LayerResult,
    Requirements,
    join_directions,
)
from unrolled.backends.ragged import Lengths, assert_range, check_lengths, live_steps, reverse_time
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import ShapeError
from unrolled.short_repr import short_repr
from unrolled.wording import counted


@dataclass(frozen=True)
class Reference(Backend):
    """Backend that runs the loop in Python."""

    name: ClassVar[str] = "reference"

    def unsupported_reason(self, cell: Cell, requirements: Requirements) -> str | None:
        """Return None, because this backend can run everything."""
        return None

    def autocast_dtype(self, cell: Cell, requirements: Requirements) -> torch.dtype | None:
        """Return the dtype in which torch's fused LSTM runs under autocast, so that this loop uses it too.

        That kernel supports neither ragged rows nor projections. For those, both loops get the same dtypes
        from autocast.
        """
        if cell.torch_kernel == "lstm" and not requirements.projected and not requirements.ragged:
            return torch.get_autocast_dtype(requirements.device)
        return None

    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run the directions one after the other."""
        x = call.input
        results = [_run_direction(call, x, d) for d in call.directions]
        carries: list[Carry] = [r.state if r.past is None else (*r.state, r.past) for r in results]
        traces = [DirectionTrace(dict(r.trace), dict(r.entered)) for r in results] if call.trace else []
        return LayerResult(join_directions([r.y for r in results]), carries, traces)

    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run the cell's ``step``."""
        new, _ = cell.step(cell.project(x, p), state, p, {})
        return new


@short_repr
@dataclass(frozen=True)
class Unrolled:
    """Result of the loop through time.

    ``y`` is the output (T, B, R), zero past the length of a row. ``state`` is the final state of each row, in
    the order of the cell's ``state_names``. ``past`` holds the last k outputs (k, B, R), oldest first, if
    skip k > 0. ``trace`` maps every state and gate to (T, B, size), zero past the length, in the time order
    of the input. ``entered`` maps the inputs of every step in the same way: ``a`` (including skip
    connections through time) and the states before the step.
    """

    y: Tensor
    state: State
    past: Tensor | None = None
    trace: Mapping[str, Tensor] = field(default_factory=dict)
    entered: Mapping[str, Tensor] = field(default_factory=dict)


def unroll(
    cell: Cell,
    x: Tensor,
    state: State,
    p: Parameters,
    *,
    lengths: Lengths | None = None,
    reverse: bool = False,
    skip: int = 0,
    past: Tensor | None = None,
    masks: Masks | None = None,
    trace: bool = False,
    probes: Mapping[str, Tensor] | None = None,
    projected: bool = False,
) -> Unrolled:
    """Run one cell step by step: ``a_t = W x_t + b``, ``state_t = cell(a_t, U, state_{t-1})``.

    Args:
        cell: equations of one step.
        x: input (T, B, I).
        state: initial state, one (B, size) for each of ``cell.state_names``.
        p: parameters by short name; with skip k also ``weight_skip`` (G·H, R).
        lengths: number of steps of each row; None means all T.
        reverse: run each row from its last step to its first.
        skip: k > 1 adds U_k h_{t-k} to a_t (skip connection through time); 0 means none.
        past: with skip, the last k outputs before this sequence (k, B, R), oldest first; by default zeros
            and then the initial h.
        masks: each entry a number, or (T, B, size) with one mask per step; see :data:`unrolled.cells.Masks`.
        trace: record every state and gate, and the inputs of each step.
        probes: zeros (T, B, size) in the time order of the input, which are added to the state of that name
            after each step of a row; their gradient is the gradient of that state.
        projected: true if x is already ``W x + b``, (T, B, G·H).

    Raises:
        ShapeError: if lengths, state, past or probes do not fit x.
    """
    steps, batch = x.shape[:2]
    _check_state(cell, state, batch)
    probes = _check_probes(cell, state, probes, steps)
    row_lengths = None if lengths is None else check_lengths(lengths, steps, batch)
    if reverse:
        x = reverse_time(x, row_lengths)
        probes = {name: reverse_time(probe, row_lengths) for name, probe in probes.items()}
    if row_lengths is not None:
        assert_range(row_lengths, steps)
    live = None if row_lengths is None else live_steps(row_lengths, steps, x.device)
    if live is not None:
        ended = ~live[:, :, None]
        x = x.masked_fill(ended, 0.0)  # the padding may contain anything, even NaN
        probes = {name: probe.masked_fill(ended, 0.0) for name, probe in probes.items()}
    a = x if projected else cell.project(x, p)
    a_steps = a.unbind()  # indexing a[t] instead would allocate a gradient of full length for every step
    probe_steps = {name: probe.unbind() for name, probe in probes.items()}
    outputs = _first_outputs(state[0], skip, past)
    past_steps = len(outputs)
    records: list[dict[str, Tensor]] = []
    entries: list[dict[str, Tensor]] = []
    for t in range(steps):
        a_t = a_steps[t]
        if skip:
            a_t = a_t + F.linear(outputs[t], p["weight_skip"])
        new, gates = cell.step(a_t, state, p, _masks_at(masks, t))
        if live is not None:
            new = tuple(
                torch.where(live[t][:, None], n, old.to(n.dtype)) for n, old in zip(new, state, strict=True)
            )
        if probe_steps:
            new = tuple(n + probe_steps[name][t] for name, n in zip(cell.state_names, new, strict=True))
        if trace:
            entries.append({"a": a_t} | dict(zip(cell.state_names, state, strict=True)))
            records.append(gates | dict(zip(cell.state_names, new, strict=True)))
        state = new
        outputs.append(state[0])
    y = _stack(outputs[past_steps:], live, state[0])
    if reverse:
        y = reverse_time(y, row_lengths)
    traced, entered = (_stack_records(steps, live, row_lengths, reverse) for steps in (records, entries))
    return Unrolled(y, state, _last_outputs(outputs, skip, row_lengths), traced, entered)


def _check_state(cell: Cell, state: State, batch: int) -> None:
    if len(state) != len(cell.state_names) or any(s.shape[0] != batch for s in state):
        shapes = ", ".join(str(tuple(s.shape)) for s in state)
        raise ShapeError(
            f"the initial state must be ({', '.join(cell.state_names)}), each with {counted(batch, 'row')}; "
            f"got {shapes}"
        )


def _run_direction(call: LayerCall, x: Tensor, d: Direction) -> Unrolled:
    states = len(call.cell.state_names)
    return unroll(
        call.cell,
        x,
        d.carry[:states],
        d.parameters,
        lengths=call.lengths,
        reverse=d.reverse,
        skip=call.skip,
        past=d.carry[states] if len(d.carry) > states else None,
        masks=d.masks,
        trace=call.trace,
        probes=d.probes,
    )


def _check_probes(
    cell: Cell, state: State, probes: Mapping[str, Tensor] | None, steps: int
) -> Mapping[str, Tensor]:
    """Return the probes; raise ShapeError unless there is one of the right shape per state, or none."""
    if not probes:
        return {}
    expected = {name: (steps, *s.shape) for name, s in zip(cell.state_names, state, strict=True)}
    shapes = {name: tuple(probe.shape) for name, probe in probes.items()}
    if shapes != expected:
        raise ShapeError(f"probes must have shapes {expected}, got {shapes}")
    return probes


def _first_outputs(h: Tensor, skip: int, past: Tensor | None) -> list[Tensor]:
    """Return the k outputs before the first step, oldest first, so that outputs[t] is h_{t-k}."""
    if not skip:
        return []
    if past is None:
        return [torch.zeros_like(h)] * (skip - 1) + [h]
    if past.shape != (skip, *h.shape):
        raise ShapeError(f"past must be {(skip, *h.shape)} for skip={skip}, got {tuple(past.shape)}")
    return list(past)


def _last_outputs(outputs: list[Tensor], skip: int, lengths: Tensor | None) -> Tensor | None:
    if not skip:
        return None
    if lengths is None:
        return torch.stack(outputs[-skip:])
    stacked = torch.stack(outputs)
    steps = lengths.to(stacked.device)[None, :] + torch.arange(skip, device=stacked.device)[:, None]
    return stacked.gather(0, steps[:, :, None].expand(skip, *stacked.shape[1:]))


def _masks_at(masks: Masks | None, t: int) -> Masks:
    if not masks:
        return {}
    return {name: m[t] if isinstance(m, Tensor) else m for name, m in masks.items()}


def _stack_records(
    records: list[dict[str, Tensor]], live: Tensor | None, lengths: Tensor | None, reverse: bool
) -> dict[str, Tensor]:
    """Stack the records of single steps to (T, B, size) by name, in the time order of the input."""
    names = list(records[0]) if records else []
    stacked = {name: _stack([r[name] for r in records], live, records[0][name]) for name in names}
    return {name: reverse_time(value, lengths) for name, value in stacked.items()} if reverse else stacked


def _stack(values: list[Tensor], live: Tensor | None, like: Tensor) -> Tensor:
    if not values:
        return like.new_zeros(0, *like.shape)
    stacked = torch.stack(values)
    return stacked if live is None else stacked.masked_fill(~live[:, :, None], 0.0)  # even for NaN
