"""The loop through time in a form that torch.export accepts, with any number of steps and rows.

Torch's own operator runs the cells that torch has; ``scan`` over the cell's ``step`` runs the others. Neither
needs this package when the program runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.backends import Backend, Carry, Direction, LayerCall, LayerResult, Requirements
from unrolled.backends.base import join_directions
from unrolled.backends.ragged import live_steps, reverse_time
from unrolled.cells import Cell, Parameters, State
from unrolled.exporters.torch.operators import run_operator

LoopKind = Literal["operator", "scan"]

CLOSED = 1e4
"""Preactivation with which a sigmoid is 1, and with its negative 0."""


@dataclass(frozen=True)
class ExportLoop(Backend):
    """Backend of a layer that is exported, in evaluation mode."""

    name: ClassVar[str] = "export"

    kind: LoopKind = "operator"
    """operator: torch's own operator, where torch has one. scan: always ``scan``."""

    def unsupported_reason(self, cell: Cell, requirements: Requirements) -> str | None:
        """Return None, because ``scan`` can run any cell."""
        return None

    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run the directions one after the other."""
        x, lengths, live = call.input, call.lengths, None
        if lengths is not None:
            in_range = ((lengths >= 1) & (lengths <= x.shape[0])).all()
            torch._assert_async(in_range, "lengths must lie in 1..T, the number of steps of the padded input")
            live = live_steps(lengths, x.shape[0], x.device)
            x = x.masked_fill(~live[..., None], 0.0)  # the padding may contain anything, even NaN
        outputs, carries = [], []
        for d in call.directions:
            piece = reverse_time(x, lengths) if d.reverse else x
            y, carry = self._run_direction(call, d, piece, live)
            y = y if live is None else y.masked_fill(~live[..., None], 0.0)
            outputs.append(reverse_time(y, lengths) if d.reverse else y)
            carries.append(carry)
        return LayerResult(join_directions(outputs), carries)

    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run the cell's ``step``."""
        new, _ = cell.step(cell.project(x, p), state, p, {})
        return new

    def _run_direction(
        self, call: LayerCall, d: Direction, x: Tensor, live: Tensor | None
    ) -> tuple[Tensor, Carry]:
        has_operator = call.cell.torch_kernel is not None and not call.skip and not d.masks
        if self.kind == "operator" and has_operator:
            return _run_operator(call, d, x, live)
        return _run_scan(call, d, x, live)


def _run_operator(call: LayerCall, d: Direction, x: Tensor, live: Tensor | None) -> tuple[Tensor, Carry]:
    """Run torch's operator over all steps of every row."""
    kernel, p = call.cell.torch_kernel, dict(d.parameters)
    assert kernel is not None
    if live is not None and kernel == "lstm":
        x, p["weight_ih"] = _keep_c_in_padding(x, p["weight_ih"], live)
    y, *state = run_operator(kernel, x, d.carry, list(p.values()), "bias_ih" in p)
    if call.lengths is not None:
        rows = torch.arange(y.shape[1], device=y.device)
        state[0] = y[call.lengths.to(y.device) - 1, rows]
    return y, tuple(state)


def _keep_c_in_padding(x: Tensor, weight: Tensor, live: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and W with one more feature, which is 1 in the padding; there it sets i to 0 and f to 1.

    The operator returns c after step T only. With these gates, it is the c of the last step of the row.
    """
    i_and_f = torch.tensor([-CLOSED, CLOSED, 0.0, 0.0], dtype=weight.dtype, device=weight.device)
    column = i_and_f.repeat_interleave(weight.shape[0] // 4)[:, None]
    return torch.cat([x, (~live)[..., None].to(x.dtype)], -1), torch.cat([weight, column], 1)


def _run_scan(call: LayerCall, d: Direction, x: Tensor, live: Tensor | None) -> tuple[Tensor, Carry]:
    """Run the cell's ``step`` as the body of ``scan``."""
    cell, names = call.cell, list(d.parameters)
    carry = _with_past(d.carry, len(cell.state_names), call.skip)
    a = cell.project(x, d.parameters)
    if isinstance(a.shape[0], int) and a.shape[0] == 1:
        new = _step(call, d.parameters, d, carry, a[0])
        return new[0][None], new

    def body(*operands: Tensor) -> list[Tensor]:
        old, (a_t, *rest) = operands[: len(carry)], operands[len(carry) :]
        weights = rest[len(steps) - 1 :]
        p = dict(zip(names, weights, strict=False))  # the number of rows comes last
        new = _step(call, p, d, old, a_t)
        if live is not None:
            new = tuple(torch.where(rest[0][:, None], n, o) for n, o in zip(new, old, strict=True))
        return [*new, new[0].clone()]  # two results must not share memory

    steps = [a] if live is None else [a, live]
    # AOTInductor needs the number of rows among the inputs of the loop, to allocate its result.
    inputs = (*d.parameters.values(), a.shape[1])
    *final, y = torch.ops.higher_order.scan(body, list(carry), steps, inputs)
    return y, tuple(final)


def _step(call: LayerCall, p: Parameters, d: Direction, carry: Sequence[Tensor], a: Tensor) -> Carry:
    """Run one step, with the skip connection through time."""
    count = len(call.cell.state_names)
    state, past = tuple(carry[:count]), carry[count:]
    if past:
        a = a + F.linear(past[0][0], p["weight_skip"])
    new, _ = call.cell.step(a, state, p, d.masks)
    return (*new, torch.cat([past[0][1:], new[0][None]])) if past else new


def _with_past(carry: Carry, states: int, skip: int) -> Carry:
    """Return the carry with the last k outputs (k, B, R), if it lacks them: zeros and then the initial h."""
    if not skip or len(carry) > states:
        return carry
    h = carry[0]
    return (*carry, torch.cat([h.new_zeros(skip - 1, *h.shape), h[None]]))
