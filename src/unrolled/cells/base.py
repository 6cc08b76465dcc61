"""What every recurrent cell has in common.

A step of a cell has two parts. ``project`` computes ``a_t = W x_t + b``, which depends on the input
alone, for all steps at once; ``step`` computes the next state from ``a_t`` and the previous state.
A cell holds options and no tensors: its parameters come in as a mapping from short names to tensors.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.cells.declarations import Kernel, TracedActivation
from unrolled.errors import ConfigError

Parameters = Mapping[str, Tensor]
"""Short parameter names (``weight_ih``, ``bias_hh``, …) to tensors."""

Masks = Mapping[str, Tensor | float]
"""Masks of one step: ``zoneout_<state>`` is the share of the old state that is kept (a mask of zeros and ones
in training, the rate in evaluation); ``candidate`` multiplies the new content."""

State = tuple[Tensor, ...]
RecurrentInit = Literal["uniform", "orthogonal", "identity"]

_OF_THE_CLASS = ("kernel", "torch_kernel", "state_activations")
"""Declarations that hold for exactly the class that makes them."""
_OF_THE_STEP = ("gate_activations", "retaining_gate", "is_simple")
"""Declarations that hold as long as ``step`` is the same."""


@dataclass(frozen=True, kw_only=True)
class Cell(ABC):
    """One step of a recurrent network, and what the rest of the package needs to know about it.

    Shapes: B batch, I input, H hidden, G number of gates, R what is fed back (H unless projected).

    A subclass may have other equations. It therefore declares anew which kernels compute it; what is declared
    about the numbers in a step's trace holds until ``step`` is replaced.
    """

    name: ClassVar[str] = ""
    """Name in configurations, for a cell that they can ask for."""

    gate_names: ClassVar[tuple[str, ...]]
    """Blocks of H rows in W and U, in order."""

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """States; the first one is the output of a step and is fed back."""

    candidate_gate: ClassVar[str | None] = None
    """The gate that holds the new content, or None."""

    recurrent: ClassVar[bool] = True
    """Whether the cell has the product U h_{t-1}; without it ``weight_hh`` and ``bias_hh`` do not exist."""

    initial_options: ClassVar[frozenset[str]] = frozenset({"recurrent_init"})
    """Options that only start parameters: a step does not depend on them."""

    projects: ClassVar[bool] = False
    """Whether ``proj_size`` may project h before it is emitted and fed back."""

    layer_norm: bool = False
    """Normalise W x_t and U h_{t-1} separately, each over all gates (Ba et al. 2016, eqs. 20-22)."""

    recurrent_init: RecurrentInit = "uniform"
    """Start of U: uniform as in torch, orthogonal a gate (Saxe et al. 2014), or identity (Le et al. 2015)."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        for name in (*_OF_THE_CLASS, *(_OF_THE_STEP if "step" in own else ())):
            if name not in own:
                setattr(cls, name, vars(Cell)[name])

    @property
    def kernel(self) -> Kernel | None:
        """The compiled step that computes this cell, or None."""
        return None

    @property
    def torch_kernel(self) -> str | None:
        """Torch's kernel that computes this cell: ``"tanh"``, ``"relu"``, ``"lstm"``, ``"gru"``, or None."""
        return None

    @property
    def gate_activations(self) -> tuple[TracedActivation, ...]:
        """Nonlinearities whose values are gates of the trace."""
        return ()

    @property
    def state_activations(self) -> tuple[TracedActivation, ...]:
        """Nonlinearities whose value or preactivation is a state, as long as that state has no zoneout."""
        return ()

    @property
    def retaining_gate(self) -> str | None:
        """The gate that multiplies the old state, or None."""
        return None

    @property
    def is_simple(self) -> bool:
        """Whether h_t = σ(a_t + U h_{t-1}), so that the Jacobian of a step is diag(σ′) U."""
        return False

    @property
    def gates(self) -> int:
        """Number of blocks of H rows in W and U."""
        return len(self.gate_names)

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the names of the options that this cell has."""
        unused = () if cls.recurrent else ("recurrent_init",)
        return tuple(f.name for f in fields(cls) if f.name not in unused)

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
        sides = ("ih", "hh") if self.recurrent else ("ih",)
        columns = {"ih": input_size, "hh": fed_back}
        shapes: dict[str, tuple[int, ...]] = {f"weight_{side}": (rows, columns[side]) for side in sides}
        if bias:
            shapes |= {f"bias_{side}": (rows,) for side in sides}
        if proj_size:
            shapes["weight_hr"] = (proj_size, hidden_size)
        if self.layer_norm:
            shapes |= {f"weight_ln_{side}": (rows,) for side in sides}
        return shapes

    def initialise(self, p: Parameters) -> None:
        """Fill the parameters in place: torch's uniform(±1/√H), then what the options ask for."""
        hidden_size = p["weight_ih"].shape[0] // self.gates
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
