"""Small random models with recurrent layers, run cell by cell so that autograd gives every derivative."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from numerics import Case, scatter_parameters, uniform
from unrolled.diagnostics.passes import Recording
from unrolled.diagnostics.recording import record
from unrolled.layers import Recurrent

STEPS, ROWS = 6, 3
RAGGED = (6, 2, 4)
Nudge = tuple[str, str, int, Tensor]
"""Layer, state name, step, and the tensor added to that state after that step."""


class SmallModel(nn.Module):
    """Recurrent layers and a head; the loss of a step depends on the output of that step only."""

    def __init__(self, stack: Recurrent) -> None:
        super().__init__()
        self.stack = stack
        self.head = nn.Linear(stack.output_size * stack.num_directions, 3, dtype=torch.float64)

    def losses(self, x: Tensor, lengths: list[int] | None) -> Tensor:
        y = self.stack(x, lengths=lengths)[0]
        live = torch.arange(len(x))[:, None] < torch.tensor(lengths or [len(x)] * x.shape[1])
        return self.loss_of(y) * live

    def loss_of(self, y: Tensor) -> Tensor:
        return self.head(torch.tanh(y)).square().sum(-1)


@dataclass
class Problem:
    model: SmallModel
    x: Tensor
    lengths: list[int] | None

    def record(self) -> Recording:
        return record(self.model, lambda: self.model.losses(self.x, self.lengths))

    def length(self, row: int) -> int:
        return self.lengths[row] if self.lengths else len(self.x)


def make_problem(case: Case, *, ragged: bool = False, layers: int = 2, **options: Any) -> Problem:
    stack = Recurrent(
        3, 4, layers, case.bias, proj_size=case.proj_size, cell=case.cell, dtype=torch.float64, **options
    )
    model = SmallModel(stack)
    scatter_parameters(list(model.parameters()), seed=5)
    x = uniform(STEPS, ROWS, 3, seed=1)
    return Problem(model, x, list(RAGGED) if ragged else None)


@dataclass
class Walk:
    """One row, run cell by cell: the losses, and every state as a node of the autograd graph."""

    losses: list[Tensor]
    nodes: dict[tuple[str, str], list[Tensor]]


def walk(problem: Problem, row: int, nudge: Nudge | None = None) -> Walk:
    """Run one row without batching or a fused loop, with at most one state changed."""
    stack = problem.model.stack
    steps = problem.length(row)
    below = list(problem.x[:steps, row])
    nodes: dict[tuple[str, str], list[Tensor]] = {}
    for layer in range(stack.num_layers):
        outputs: list[list[Tensor]] = []
        for suffix in ("", "_reverse")[: stack.num_directions]:
            states_by_step = _one_direction(stack, f"l{layer}{suffix}", below, nudge)
            for position, state in enumerate(stack.cell.state_names):
                nodes[f"l{layer}{suffix}", state] = [states[position] for states in states_by_step]
            outputs.append([states[0] for states in states_by_step])
        concatenated = [torch.cat(parts) for parts in zip(*outputs, strict=True)]
        residual = stack.residual and layer
        below = [j + b for j, b in zip(concatenated, below, strict=True)] if residual else concatenated
    return Walk([problem.model.loss_of(y) for y in below], nodes)


def _one_direction(
    stack: Recurrent, layer: str, below: list[Tensor], nudge: Nudge | None
) -> list[tuple[Tensor, ...]]:
    """Return the states after each step, in the time order of the input."""
    p = {
        n.removesuffix("_" + layer): w
        for n, w in stack.named_parameters()
        if n.rpartition("_l")[2] == layer[1:]
    }
    sizes = stack.cell.state_sizes(stack.hidden_size, stack.proj_size)
    rates = {"zoneout_h": stack.drop.zoneout, "zoneout_c": stack.drop.zoneout_cell}
    rates = {name: rate for name, rate in rates.items() if rate}
    state = tuple(torch.zeros(size, dtype=torch.float64, requires_grad=True) for size in sizes)
    order = range(len(below))
    states_at: dict[int, tuple[Tensor, ...]] = {}
    emitted = [state[0]]
    for t in reversed(order) if layer.endswith("_reverse") else order:
        a = stack.cell.project(below[t], p)
        if stack.skip and len(emitted) > stack.skip - 1:
            a = a + p["weight_skip"] @ emitted[-stack.skip]
        state, _ = stack.cell.step(a, state, p, rates)
        state = tuple(s + 0.0 for s in state)  # separate graph nodes, so that h_t does not depend on this c_t
        for position, name in enumerate(stack.cell.state_names):
            if nudge is not None and nudge[:3] == (layer, name, t):
                changed = list(state)
                changed[position] = state[position] + nudge[3]
                state = tuple(changed)
        states_at[t] = state
        emitted.append(state[0])
    return [states_at[t] for t in order]
