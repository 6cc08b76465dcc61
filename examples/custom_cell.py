"""Define a custom cell, a leaky integrator, and run it with lengths and a trace."""

from dataclasses import dataclass
from typing import ClassVar

import torch

import unrolled as ur
from unrolled.cells import Cell


@dataclass(frozen=True, kw_only=True)
class Leaky(Cell):
    """h_t = (1 − α) h_{t-1} + α tanh(W x_t + b_ih + U h_{t-1} + b_hh)."""

    gate_names: ClassVar[tuple[str, ...]] = ("h",)
    leak: float = 0.3

    def step(self, a, state, p, masks):
        """Compute one step; a is W x_t + b_ih."""
        (h,) = state
        new = (1 - self.leak) * h + self.leak * torch.tanh(a + self.recur(h, p))
        return (new,), {"new": new}


cell = Leaky(leak=0.1)
p = {name: torch.empty(shape) for name, shape in cell.shapes(4, 6).items()}
cell.initialise(p)
x = torch.randn(12, 2, 4)
result = ur.unroll(cell, x, (torch.zeros(2, 6),), p, lengths=[12, 5], trace=True)
print("output", tuple(result.y.shape), "final state", tuple(result.state[0].shape))
print("norm of h through time:", [round(v, 3) for v in result.trace["h"][:, 0].norm(dim=-1).tolist()])
