"""Recorded passes with a given trace."""

import torch
from torch import Tensor

from unrolled.cells import Cell
from unrolled.diagnostics.passes import Pass


def make_pass(cell: Cell, h: Tensor, **gates: Tensor) -> Pass:
    """Return a pass with the given states and gates (T, B, units), without padding."""
    return Pass(
        name="l0",
        cell=cell,
        parameters={},
        reverse=False,
        skip=0,
        masks={},
        live=torch.ones(h.shape[:2], dtype=torch.bool),
        entered={},
        states={"h": h},
        gates=gates,
        probes={},
    )
