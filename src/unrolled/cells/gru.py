"""The gated recurrent unit, with the reset gate before or after the product with U_n."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

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
from unrolled.cells.chrono import check_chrono, chrono_bias
from unrolled.cells.declarations import Kernel, TracedActivation
from unrolled.cells.functions import layer_norm, linear, sigmoid, tanh
from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class GRU(Cell):
    """Gated recurrent unit; gates in torch's order r, z, n.

    r_t = sigmoid(W_r x_t + b_ir + U_r h_{t-1} + b_hr)
    z_t = sigmoid(W_z x_t + b_iz + U_z h_{t-1} + b_hz)
    reset "after":  n_t = tanh(W_n x_t + b_in + r_t ⊙ (U_n h_{t-1} + b_hn))
    reset "before": n_t = tanh(W_n x_t + b_in + U_n (r_t ⊙ h_{t-1}) + b_hn)
    h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t-1}

    W is ``weight_ih``, U is ``weight_hh``. Chung et al. (2014) swap z and 1 − z.
    With ``layer_norm`` and reset "before", the products of U for (r, z) and for n are normalised separately.
    Sources: Cho et al. (2014), eqs. 5-8 (reset before); torch and cuDNN (reset after).
    """

    name: ClassVar[str] = "gru"
    gate_names: ClassVar[tuple[str, ...]] = ("r", "z", "n")
    candidate_gate: ClassVar[str | None] = "n"
    initial_options: ClassVar[frozenset[str]] = frozenset({"recurrent_init", "chrono"})

    reset: Literal["after", "before"] = "after"
    """Apply the reset gate after or before the product with U_n."""

    chrono: int = 0
    """Chrono initialisation for dependencies of up to T steps: b_iz = log u with u uniform in [1, T − 1], and
    b_hz = 0 (Tallec & Ollivier 2018; here z keeps the state, not 1 − z). 0 initialises as torch does."""

    def __post_init__(self) -> None:
        require_choice("GRU", "reset", self.reset, ("after", "before"))
        check_chrono("GRU", self.chrono)

    @property
    def kernel(self) -> Kernel | None:
        """See :attr:`Cell.kernel`; each position of the reset gate has its own kernel."""
        return Kernel(f"gru_{self.reset}")

    @property
    def torch_kernel(self) -> str | None:
        """See :attr:`Cell.torch_kernel`."""
        return "gru" if self.reset == "after" and not self.layer_norm else None

    @property
    def gate_activations(self) -> tuple[TracedActivation, ...]:
        """See :attr:`Cell.gate_activations`."""
        r, z = (TracedActivation(gate, "sigmoid", gate) for gate in "rz")
        return r, z, TracedActivation("n", "tanh", "n")

    @property
    def retaining_gate(self) -> str | None:
        """See :attr:`Cell.retaining_gate`: h_t = z_t ⊙ h_{t-1} + …"""
        return "z"

    def shapes(
        self, input_size: int, hidden_size: int, *, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """See :meth:`Cell.shapes`; as in torch, a GRU cannot be projected."""
        if proj_size:
            raise ConfigError("GRU: proj_size is only defined for the LSTM")
        check_chrono("GRU", self.chrono, bias=bias)
        return super().shapes(input_size, hidden_size, bias=bias)

    def initialise(self, p: Parameters) -> None:
        """See :meth:`Cell.initialise`; with ``chrono`` also set the bias of the update gate z."""
        import torch

        super().initialise(p)
        if self.chrono:
            hidden_size = p["weight_hh"].shape[0] // 3
            z_rows = slice(hidden_size, 2 * hidden_size)
            with torch.no_grad():
                p["bias_ih"][z_rows] = chrono_bias(hidden_size, self.chrono, p["bias_ih"])
                p["bias_hh"][z_rows] = 0.0

    def step(self, a: "Tensor", state: State, p: Parameters, masks: Masks) -> tuple[State, Gates]:
        """See :meth:`Cell.step`; the trace holds r, z, n."""
        (h,) = state
        a_r, a_z, a_n = a.chunk(3, dim=-1)
        if self.reset == "after":
            u_r, u_z, u_n = self.recur(h, p).chunk(3, dim=-1)
            r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
            n = tanh(a_n + r * u_n)
        else:
            rz_rows, n_rows = slice(0, 2 * a_r.shape[-1]), slice(2 * a_r.shape[-1], None)
            u_r, u_z = self._recur_rows(h, p, rz_rows).chunk(2, dim=-1)
            r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
            n = tanh(a_n + self._recur_rows(r * h, p, n_rows))
        new_h = (1 - z) * apply_candidate_mask(n, masks) + z * h
        return (zoneout(new_h, h, masks.get("zoneout_h")),), {"r": r, "z": z, "n": n}

    def _recur_rows(self, h: "Tensor", p: Parameters, rows: slice) -> "Tensor":
        """Return ``U h + b_hh`` for these rows of U."""
        bias = p["bias_hh"][rows] if "bias_hh" in p else None
        if not self.layer_norm:
            return linear(h, p["weight_hh"][rows], bias)
        product = linear(h, p["weight_hh"][rows])
        return layer_norm(product, p["weight_ln_hh"][rows], bias)
