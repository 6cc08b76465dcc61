"""The minimal long short-term memory, whose gates depend only on the input."""

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
from unrolled.cells.functions import log_sigmoid, sigmoid
from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class MinLSTM(Cell):
    """minLSTM in its recurrent form; gates f, i, g.

    f_t = sigmoid(W_f x_t + b_f)
    i_t = sigmoid(W_i x_t + b_i)
    g_t = W_g x_t + b_g
    f'_t = f_t / (f_t + i_t),  i'_t = i_t / (f_t + i_t)
    h_t = f'_t ⊙ h_{t-1} + i'_t ⊙ g_t

    W is ``weight_ih``. No gate depends on h_{t-1}, so there is no ``weight_hh``. f' is computed as
    sigmoid(ln f − ln i), which stays accurate when both gates are close to 0. With ``layer_norm``, W x_t is
    normalised. The trace holds f', i' and g.
    Source: Feng et al., Were RNNs all we needed? (2024), arXiv:2410.01201, section 3.2.
    """

    name: ClassVar[str] = "minlstm"
    gate_names: ClassVar[tuple[str, ...]] = ("f", "i", "g")
    candidate_gate: ClassVar[str | None] = "g"
    recurrent: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_choice("MinLSTM", "recurrent_init", self.recurrent_init, ("uniform",))

    @property
    def kernel(self) -> Kernel | None:
        """See :attr:`Cell.kernel`."""
        return Kernel("min_lstm")

    @property
    def gate_activations(self) -> tuple[TracedActivation, ...]:
        """See :attr:`Cell.gate_activations`: f' = sigmoid(ln f − ln i)."""
        return (TracedActivation("f", "sigmoid", "f"),)

    @property
    def retaining_gate(self) -> str | None:
        """See :attr:`Cell.retaining_gate`: h_t = f'_t ⊙ h_{t-1} + …"""
        return "f"

    def shapes(
        self, input_size: int, hidden_size: int, *, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """See :meth:`Cell.shapes`; a projection is not supported, since the step needs all of h_{t-1}."""
        if proj_size:
            raise ConfigError("MinLSTM: proj_size is only defined for the LSTM")
        return super().shapes(input_size, hidden_size, bias=bias)

    def step(self, a: "Tensor", state: State, p: Parameters, masks: Masks) -> tuple[State, Gates]:
        """See :meth:`Cell.step`; the trace holds f', i', g."""
        (h,) = state
        a_f, a_i, g = a.chunk(3, dim=-1)
        log_ratio = log_sigmoid(a_f) - log_sigmoid(a_i)
        f, i = sigmoid(log_ratio), sigmoid(-log_ratio)
        new_h = f * h + i * apply_candidate_mask(g, masks)
        return (zoneout(new_h, h, masks.get("zoneout_h")),), {"f": f, "i": i, "g": g}
