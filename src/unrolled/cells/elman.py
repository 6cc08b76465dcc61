"""The simple recurrent network of Elman (1990)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from unrolled.cells.base import (
    Cell,
    Masks,
    Parameters,
    State,
    apply_candidate_mask,
    require_choice,
    zoneout,
)

Nonlinearity = Literal["tanh", "relu", "sigmoid"]
NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


@dataclass(frozen=True, kw_only=True)
class Elman(Cell):
    """h_t = σ(W x_t + b_ih + U h_{t-1} + b_hh), with σ tanh, relu or sigmoid.

    W is ``weight_ih`` (input to hidden), U is ``weight_hh`` (hidden to hidden).
    Source: J. L. Elman, Finding structure in time, Cognitive Science 14 (1990).
    """

    gate_names: ClassVar[tuple[str, ...]] = ("h",)

    nonlinearity: Nonlinearity = "tanh"
    """σ of the hidden layer."""

    def __post_init__(self) -> None:
        require_choice("Elman", "nonlinearity", self.nonlinearity, tuple(NONLINEARITIES))

    def step(self, a: Tensor, state: State, p: Parameters, masks: Masks) -> tuple[State, dict[str, Tensor]]:
        """See :meth:`Cell.step`; the trace holds ``preactivation`` and ``hidden``."""
        (fed_back,) = state
        preactivation = a + self.recur(fed_back, p)
        hidden = NONLINEARITIES[self.nonlinearity](preactivation)
        emitted = self.emit(apply_candidate_mask(hidden, masks), p)
        new = zoneout(emitted, fed_back, masks.get("zoneout_h"))
        return (new,), {"preactivation": preactivation, "hidden": hidden}
