"""What every recurrent cell has in common.

A step of a cell has two parts. ``project`` computes ``a_t = W x_t + b``, which depends on the input
alone, for all steps at once; ``step`` computes the next state from ``a_t`` and the previous state.
A cell holds options and no tensors: its parameters come in as a mapping from short names to tensors.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.errors import ConfigError

Parameters = Mapping[str, Tensor]
"""Short parameter names (``weight_ih``, ``bias_hh``, …) to tensors."""

Masks = Mapping[str, Tensor | float]
"""Of one step: ``zoneout_h`` and ``zoneout_c`` are the share of the old value that is kept (a mask of
zeros and ones in training, the rate in evaluation); ``candidate`` multiplies the new content."""

State = tuple[Tensor, ...]
RecurrentInit = Literal["uniform", "orthogonal", "identity"]


@dataclass(frozen=True, kw_only=True)
class Cell(ABC):
    """One step of a recurrent network.

    Shapes: B batch, I input, H hidden, G number of gates, R what is fed back (H unless projected).
    """

    gate_names: ClassVar[tuple[str, ...]]
    state_names: ClassVar[tuple[str, ...]] = ("h",)

    layer_norm: bool = False
    """Normalise W x_t and U h_{t-1} separately, each over all gates (Ba et al. 2016, eqs. 20-22)."""

    recurrent_init: RecurrentInit = "uniform"
    """Start of U: uniform as in torch, orthogonal a gate (Saxe et al. 2014), or identity (Le et al. 2015)."""

    @property
    def gates(self) -> int:
        """Number of blocks of H rows in W and U."""
        return len(self.gate_names)

    def output_size(self, hidden_size: int, proj_size: int = 0) -> int:
        """Return R, the size of what a step emits and feeds back."""
        return proj_size or hidden_size

    def state_sizes(self, hidden_size: int, proj_size: int = 0) -> tuple[int, ...]:
        """Return the size of each state in the order of ``state_names``."""
        return (self.output_size(hidden_size, proj_size),)

    def shapes(
        self, input_size: int, hidden_size: int, *, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter, in torch's order and then the cell's own."""
        rows = self.gates * hidden_size
        fed_back = self.output_size(hidden_size, proj_size)
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, fed_back),
        }
        if bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if proj_size:
            shapes["weight_hr"] = (proj_size, hidden_size)
        if self.layer_norm:
            shapes |= {"weight_ln_ih": (rows,), "weight_ln_hh": (rows,)}
        return shapes

    def initialise(self, p: Parameters) -> None:
        """Fill the parameters in place: torch's uniform(±1/√H), then what the options ask for."""
        hidden_size = p["weight_hh"].shape[0] // self.gates
        bound = 1.0 / math.sqrt(hidden_size)
        with torch.no_grad():
            for name, tensor in p.items():
                if name.startswith("weight_ln_"):
                    tensor.fill_(1.0)
                elif name.startswith("bias_ln_"):
                    tensor.zero_()
                else:
                    tensor.uniform_(-bound, bound)
            if self.recurrent_init != "uniform":
                for block in p["weight_hh"].split(hidden_size):
                    if self.recurrent_init == "orthogonal":
                        torch.nn.init.orthogonal_(block)
                    else:
                        torch.nn.init.eye_(block)

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        """Return ``W x + b`` of shape (…, G·H) for x of shape (…, I)."""
        if not self.layer_norm:
            return F.linear(x, p["weight_ih"], p.get("bias_ih"))
        product = F.linear(x, p["weight_ih"])
        return F.layer_norm(product, product.shape[-1:], p["weight_ln_ih"], p.get("bias_ih"))

    def recur(self, h: Tensor, p: Parameters) -> Tensor:
        """Return ``U h + b_hh`` of shape (B, G·H) for h of shape (B, R)."""
        if not self.layer_norm:
            return F.linear(h, p["weight_hh"], p.get("bias_hh"))
        product = F.linear(h, p["weight_hh"])
        return F.layer_norm(product, product.shape[-1:], p["weight_ln_hh"], p.get("bias_hh"))

    def emit(self, h: Tensor, p: Parameters) -> Tensor:
        """Return what leaves the step and is fed back: h, or its projection P h (Sak et al. 2014)."""
        return F.linear(h, p["weight_hr"]) if "weight_hr" in p else h

    @abstractmethod
    def step(self, a: Tensor, state: State, p: Parameters, masks: Masks) -> tuple[State, dict[str, Tensor]]:
        """Advance one step.

        Args:
            a: ``W x_t + b``, shape (B, G·H), plus whatever else is added to the preactivation.
            state: as ``state_names``; each (B, size).
            p: parameters.
            masks: of this step; see :data:`Masks`.

        Returns:
            The new state, and every gate of this step by name (for traces).
        """


def zoneout(new: Tensor, old: Tensor, keep_old: Tensor | float | None) -> Tensor:
    """Keep a share of the old state (Krueger et al. 2017): ``z·old + (1−z)·new``."""
    return new if keep_old is None else keep_old * old + (1 - keep_old) * new


def apply_candidate_mask(candidate: Tensor, masks: Masks) -> Tensor:
    """Drop units of the new content alone, so that memory is never erased (Semeniuta et al. 2016)."""
    return candidate * masks["candidate"] if "candidate" in masks else candidate


def require_choice(cell: str, option: str, value: str, known: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of ``known``."""
    if value not in known:
        raise ConfigError(f"{cell}: {option}={value!r} is not one of {', '.join(known)}")
