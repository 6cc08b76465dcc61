"""The simple recurrent network of Elman (1990)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unrolled.cells.base import (
    Cell,
    Gates,
    Masks,
    Parameters,
    State,
    apply_candidate_mask,
    require_choice,
    zoneout,
)
from unrolled.cells.declarations import Kernel, TracedActivation
from unrolled.cells.nonlinearities import NONLINEARITIES, Nonlinearity

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Elman(Cell):
    """Elman's simple recurrent cell: h_t = σ(W x_t + b_ih + U h_{t-1} + b_hh), σ = tanh, relu or sigmoid.

    W is ``weight_ih`` (input to hidden), U is ``weight_hh`` (hidden to hidden).
    Source: J. L. Elman, Finding structure in time, Cognitive Science 14 (1990).
    """

    name: ClassVar[str] = "elman"
    gate_names: ClassVar[tuple[str, ...]] = ("h",)
    candidate_gate: ClassVar[str | None] = "h"

    nonlinearity: Nonlinearity = "tanh"
    """σ of the hidden layer."""

    def __post_init__(self) -> None:
        require_choice("Elman", "nonlinearity", self.nonlinearity, tuple(NONLINEARITIES))

    @property
    def kernel(self) -> Kernel | None:
        """See :attr:`Cell.kernel`."""
        return Kernel("elman", nonlinearity=self.nonlinearity)

    @property
    def torch_kernel(self) -> str | None:
        """See :attr:`Cell.torch_kernel`; torch has no sigmoid."""
        return None if self.layer_norm or self.nonlinearity == "sigmoid" else self.nonlinearity

    @property
    def gate_activations(self) -> tuple[TracedActivation, ...]:
        """See :attr:`Cell.gate_activations`."""
        return (TracedActivation("hidden", self.nonlinearity, "hidden", "preactivation"),)

    @property
    def is_simple(self) -> bool:
        """See :attr:`Cell.is_simple`."""
        return not self.layer_norm

    def step(self, a: "Tensor", state: State, p: Parameters, masks: Masks) -> tuple[State, Gates]:
        """See :meth:`Cell.step`; the trace holds ``preactivation`` and ``hidden``."""
        (fed_back,) = state
        preactivation = a + self.recur(fed_back, p)
        hidden = NONLINEARITIES[self.nonlinearity](preactivation)
        emitted = self.emit(apply_candidate_mask(hidden, masks), p)
        new = zoneout(emitted, fed_back, masks.get("zoneout_h"))
        return (new,), {"preactivation": preactivation, "hidden": hidden}
