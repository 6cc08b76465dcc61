"""Base class of the recurrent cells.

A step of a cell has two parts. ``project`` computes ``a_t = W x_t + b`` for all steps in one product, because
it depends only on the input. ``step`` computes the next state from ``a_t`` and the previous state.
A cell holds options but no tensors: parameters are passed in as a mapping from short names to tensors.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from unrolled.cells.declarations import Kernel, TracedActivation
from unrolled.cells.functions import layer_norm, linear
from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

Parameters = Mapping[str, "Tensor"]
"""Maps short parameter names (``weight_ih``, ``bias_hh``, …) to tensors."""

Masks = Mapping[str, "Tensor | float"]
"""Masks of one step. ``zoneout_<state>``: fraction of the old state to keep (a mask of zeros and ones in
training, the rate in evaluation). ``candidate``: factor of the candidate, the new content of the state."""

State = tuple["Tensor", ...]
"""State tensors of a cell or a stack, in the order of ``Cell.state_names``."""

Gates = dict[str, "Tensor"]
"""Gates of one step by name, for traces."""

RecurrentInit = Literal["uniform", "orthogonal", "identity"]

_NEVER_INHERITED = ("kernel", "torch_kernel", "state_activations")
"""Declarations that subclasses do not inherit."""
_RESET_WITH_STEP = ("gate_activations", "retaining_gate", "is_simple")
"""Declarations that subclasses inherit unless they override ``step``."""


@dataclass(frozen=True, kw_only=True)
class Cell(ABC):
    """One step of a recurrent network, with the declarations that kernels and diagnostics use.

    Shapes: B batch, I input, H hidden, G number of gates, R size of the output that is fed back (H unless
    projected).

    A subclass may change the equations. So it never inherits the declarations of kernels and of state
    activations, and it inherits the other declarations about a step only if it does not override ``step``.
    """

    name: ClassVar[str] = ""
    """Name of the cell in configurations; empty if configurations cannot select the cell."""

    gate_names: ClassVar[tuple[str, ...]]
    """Names of the blocks of H rows in W and U, in order."""

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """Names of the states; the first state is the output of a step and is fed back."""

    candidate_gate: ClassVar[str | None] = None
    """Name of the gate that holds the new content of the state, or None."""

    recurrent: ClassVar[bool] = True
    """True if the cell has the product U h_{t-1}; if not, there is no ``weight_hh`` and no ``bias_hh``."""

    initial_options: ClassVar[frozenset[str]] = frozenset({"recurrent_init"})
    """Options that only affect the initial parameters, not the step."""

    projects: ClassVar[bool] = False
    """True if ``proj_size`` is supported, which projects h before it is output and fed back."""

    layer_norm: bool = False
    """Layer normalisation of W x_t and U h_{t-1}, each over all gates (Ba et al. 2016, eqs. 20-22)."""

    recurrent_init: RecurrentInit = "uniform"
    """Initialisation of U: uniform as in torch, an orthogonal matrix for each gate (Saxe et al. 2014), or the
    identity (Le et al. 2015)."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        attributes = vars(cls)
        for name in (*_NEVER_INHERITED, *(_RESET_WITH_STEP if "step" in attributes else ())):
            if name not in attributes:
                setattr(cls, name, vars(Cell)[name])

    @property
    def kernel(self) -> Kernel | None:
        """Compiled kernel of this cell, or None."""
        return None

    @property
    def torch_kernel(self) -> str | None:
        """Torch's kernel of this cell: ``"tanh"``, ``"relu"``, ``"lstm"``, ``"gru"``, or None."""
        return None

    @property
    def gate_activations(self) -> tuple[TracedActivation, ...]:
        """Nonlinearities whose values are recorded as gates in a trace."""
        return ()

    @property
    def state_activations(self) -> tuple[TracedActivation, ...]:
        """Nonlinearities whose value or preactivation is a state; valid only if that state has no zoneout."""
        return ()

    @property
    def retaining_gate(self) -> str | None:
        """Name of the gate that multiplies the old state, or None."""
        return None

    @property
    def is_simple(self) -> bool:
        """True if h_t = σ(a_t + U h_{t-1}), so that the Jacobian of a step is diag(σ′) U."""
        return False

    @property
    def gates(self) -> int:
        """Number of blocks of H rows in W and U."""
        return len(self.gate_names)

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the names of the options of this cell."""
        unused = () if cls.recurrent else ("recurrent_init",)
        return tuple(f.name for f in fields(cls) if f.name not in unused)

    def output_size(self, hidden_size: int, proj_size: int = 0) -> int:
        """Return R, the size of the output of a step, which is fed back."""
        return proj_size or hidden_size

    def state_sizes(self, hidden_size: int, proj_size: int = 0) -> tuple[int, ...]:
        """Return the size of each state in the order of ``state_names``."""
        return (self.output_size(hidden_size, proj_size),)

    def shapes(
        self, input_size: int, hidden_size: int, *, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter: torch's parameters in torch's order, then the others."""
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
        """Initialise the parameters in place: torch's uniform(±1/√H), then the changes set by the options."""
        import torch

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

    def project(self, x: "Tensor", p: Parameters) -> "Tensor":
        """Return ``W x + b`` of shape (…, G·H) for x of shape (…, I)."""
        if not self.layer_norm:
            return linear(x, p["weight_ih"], p.get("bias_ih"))
        product = linear(x, p["weight_ih"])
        return layer_norm(product, p["weight_ln_ih"], p.get("bias_ih"))

    def recur(self, h: "Tensor", p: Parameters) -> "Tensor":
        """Return ``U h + b_hh`` of shape (B, G·H) for h of shape (B, R)."""
        if not self.layer_norm:
            return linear(h, p["weight_hh"], p.get("bias_hh"))
        product = linear(h, p["weight_hh"])
        return layer_norm(product, p["weight_ln_hh"], p.get("bias_hh"))

    def emit(self, h: "Tensor", p: Parameters) -> "Tensor":
        """Return the output of the step, which is fed back: h, or its projection P h (Sak et al. 2014)."""
        return linear(h, p["weight_hr"]) if "weight_hr" in p else h

    @abstractmethod
    def step(self, a: "Tensor", state: State, p: Parameters, masks: Masks) -> tuple[State, Gates]:
        """Compute one step.

        Args:
            a: ``W x_t + b``, shape (B, G·H), plus any skip connections through time.
            state: one tensor (B, size) for each of ``state_names``.
            p: parameters.
            masks: masks of this step; see :data:`Masks`.

        Returns:
            The new state, and the gates of this step by name (for traces).
        """


def zoneout(new: "Tensor", old: "Tensor", keep_old: "Tensor | float | None") -> "Tensor":
    """Keep a fraction of the old state (Krueger et al. 2017): ``z·old + (1−z)·new``."""
    return new if keep_old is None else keep_old * old + (1 - keep_old) * new


def apply_candidate_mask(candidate: "Tensor", masks: Masks) -> "Tensor":
    """Apply dropout to the candidate only, so that memory is never erased (Semeniuta et al. 2016)."""
    return candidate * masks["candidate"] if "candidate" in masks else candidate


def require_choice(cell: str, option: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ConfigError(f"{cell}: {option}={value!r} is not one of {', '.join(choices)}")
