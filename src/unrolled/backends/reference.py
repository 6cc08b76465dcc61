"""The loop through time, in readable Python.

It runs any cell, in any dtype, on any device, has derivatives of every order, and can record every state
and gate of every step. Every faster path is tested against it.
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
    LayerCall,
    LayerResult,
    Need,
    Seen,
    join_directions,
)
from unrolled.backends.ragged import Lengths, assert_range, check_lengths, live_steps, reverse_time
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import ShapeError
from unrolled.short_repr import short_repr


@dataclass(frozen=True)
class Reference(Backend):
    """The loop in Python."""

    name: ClassVar[str] = "reference"

    def obstacle(self, cell: Cell, need: Need) -> str | None:
        """Return None: it runs everything."""
        return None

    def computes_in(self, cell: Cell, need: Need) -> torch.dtype | None:
        """Return the dtype in which torch's fused LSTM would run under autocast, so that this one does too.

        That kernel takes neither ragged rows nor projections; for those torch's dtypes come about as ours.
        """
        if cell.torch_kernel == "lstm" and not need.projected and not need.ragged:
            return torch.get_autocast_dtype(need.device)
        return None

    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run the directions one after the other."""
        x = call.rows
        results = [_run_direction(call, x, d) for d in call.directions]
        carries: list[Carry] = [r.state if r.past is None else (*r.state, r.past) for r in results]
        seen = [Seen(dict(r.trace), dict(r.entered)) for r in results] if call.trace else []
        return LayerResult(join_directions([r.y for r in results]), carries, seen)

    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run the cell's own step."""
        new, _ = cell.step(cell.project(x, p), state, p, {})
        return new


@short_repr
@dataclass(frozen=True)
class Unrolled:
    """What a pass through time leaves.

    ``y`` is (T, B, R), zero past the length of a row. ``state`` is as the cell's ``state_names``, each row's
    own last. ``past`` is (k, B, R), the last k outputs, oldest first, where skip k > 0. ``trace`` maps every
    state and gate to (T, B, size), zero past the length, in the time order of the input; ``entered`` does so
    with what each step was given: ``a`` (what is added by skip connections through time included) and the
    states before the step.
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
    """Apply one cell step by step: ``a_t = W x_t + b``, ``state_t = cell(a_t, U, state_{t-1})``.

    Args:
        cell: the mathematics of one step.
        x: input (T, B, I).
        state: initial state, one (B, size) for each of ``cell.state_names``.
        p: parameters by short name; with skip k also ``weight_skip`` (G·H, R).
        lengths: number of steps of each row; None means all T.
        reverse: run each row from its last step to its first.
        skip: k > 1 adds U_k h_{t-k} to a_t (skip connection through time); 0 means none.
        past: with skip, the last k outputs before this sequence (k, B, R), oldest first; by default zeros
            and then the initial h.
        masks: each entry a number, or (T, B, size) with one mask a step; see :data:`unrolled.cells.Masks`.
        trace: record every state and gate, and what each step was given.
        probes: zeros (T, B, size) in the time order of the input, added to the state of that name after each
            step of a row: what they receive as gradient is the gradient of that state.
        projected: whether x is ``W x + b`` already, (T, B, G·H).

    Raises:
        ShapeError: if lengths, state, past or probes do not fit x.
    """
    steps, batch = x.shape[:2]
    _check_state(cell, state, batch)
    probes = _checked_probes(cell, state, probes, steps)
    row_lengths = None if lengths is None else check_lengths(lengths, steps, batch)
    if reverse:
        x = reverse_time(x, row_lengths)
        probes = {name: reverse_time(probe, row_lengths) for name, probe in probes.items()}
    if row_lengths is not None:
        assert_range(row_lengths, steps)
    live = None if row_lengths is None else live_steps(row_lengths, steps, x.device)
    if live is not None:
        ended = ~live[:, :, None]
        x = x.masked_fill(ended, 0.0)  # whatever stands in the padding, even NaN
        probes = {name: probe.masked_fill(ended, 0.0) for name, probe in probes.items()}
    a = x if projected else cell.project(x, p)
    each_a = a.unbind()  # not a[t] below, whose gradients are each as long as the sequence
    probed = {name: probe.unbind() for name, probe in probes.items()}
    outputs = _first_outputs(state[0], skip, past)
    warm_up = len(outputs)
    records: list[dict[str, Tensor]] = []
    entries: list[dict[str, Tensor]] = []
    for t in range(steps):
        a_t = each_a[t]
        if skip:
            a_t = a_t + F.linear(outputs[t], p["weight_skip"])
        new, gates = cell.step(a_t, state, p, _masks_at(masks, t))
        if live is not None:
            new = tuple(
                torch.where(live[t][:, None], n, old.to(n.dtype)) for n, old in zip(new, state, strict=True)
            )
        if probed:
            new = tuple(n + probed[name][t] for name, n in zip(cell.state_names, new, strict=True))
        if trace:
            entries.append({"a": a_t} | dict(zip(cell.state_names, state, strict=True)))
            records.append(gates | dict(zip(cell.state_names, new, strict=True)))
        state = new
        outputs.append(state[0])
    y = _stack(outputs[warm_up:], live, state[0])
    if reverse:
        y = reverse_time(y, row_lengths)
    traced, entered = (_joined(steps_seen, live, row_lengths, reverse) for steps_seen in (records, entries))
    return Unrolled(y, state, _last_outputs(outputs, skip, row_lengths), traced, entered)


def _check_state(cell: Cell, state: State, batch: int) -> None:
    if len(state) != len(cell.state_names) or any(s.shape[0] != batch for s in state):
        shapes = ", ".join(str(tuple(s.shape)) for s in state)
        raise ShapeError(
            f"the initial state must be ({', '.join(cell.state_names)}), each of {batch} rows; got {shapes}"
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


def _checked_probes(
    cell: Cell, state: State, probes: Mapping[str, Tensor] | None, steps: int
) -> Mapping[str, Tensor]:
    """Return the probes, one for each state, or none."""
    if not probes:
        return {}
    expected = {name: (steps, *s.shape) for name, s in zip(cell.state_names, state, strict=True)}
    given = {name: tuple(probe.shape) for name, probe in probes.items()}
    if given != expected:
        raise ShapeError(f"probes must be of shapes {expected}, got {given}")
    return probes


def _first_outputs(h: Tensor, skip: int, past: Tensor | None) -> list[Tensor]:
    """Return the k outputs before the first step, oldest first: outputs[t] is then h_{t-k}."""
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
    every = torch.stack(outputs)
    start = lengths.to(every.device)[None, :] + torch.arange(skip, device=every.device)[:, None]
    return every.gather(0, start[:, :, None].expand(skip, *every.shape[1:]))


def _masks_at(masks: Masks | None, t: int) -> Masks:
    if not masks:
        return {}
    return {name: m[t] if isinstance(m, Tensor) else m for name, m in masks.items()}


def _joined(
    records: list[dict[str, Tensor]], live: Tensor | None, lengths: Tensor | None, reverse: bool
) -> dict[str, Tensor]:
    """Return what was seen at single steps as (T, B, size) by name, in the time order of the input."""
    names = list(records[0]) if records else []
    found = {name: _stack([r[name] for r in records], live, records[0][name]) for name in names}
    return {name: reverse_time(value, lengths) for name, value in found.items()} if reverse else found


def _stack(values: list[Tensor], live: Tensor | None, like: Tensor) -> Tensor:
    if not values:
        return like.new_zeros(0, *like.shape)
    stacked = torch.stack(values)
    return stacked if live is None else stacked.masked_fill(~live[:, :, None], 0.0)  # zero, even for NaN
