"""Long short-term memory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unrolled.cells.base import Cell, Gates, Masks, Parameters, State, apply_candidate_mask, zoneout
from unrolled.cells.chrono import check_chrono, chrono_bias
from unrolled.cells.declarations import Kernel, TracedActivation
from unrolled.cells.functions import layer_norm, sigmoid, tanh
from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class LSTM(Cell):
    """Long short-term memory with a forget gate; gates in torch's order i, f, g, o.

    i_t = sigmoid(W_i x_t + U_i h_{t-1} [+ p_i ⊙ c_{t-1}] + b_i)
    f_t = sigmoid(W_f x_t + U_f h_{t-1} [+ p_f ⊙ c_{t-1}] + b_f)
    g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
    o_t = sigmoid(W_o x_t + U_o h_{t-1} [+ p_o ⊙ c_t] + b_o)
    h_t = o_t ⊙ tanh(c_t), with projection h_t = P (o_t ⊙ tanh(c_t))

    W is ``weight_ih``, U is ``weight_hh``, P is ``weight_hr``, p are ``weight_peephole_*`` of shape (H,).
    With ``layer_norm``, the c_t inside the last tanh is normalised as well. With zoneout, h_t is computed
    from c_t before zoneout is applied.
    Sources: Hochreiter & Schmidhuber (1997); Gers et al. (2000), forget gate; Gers et al. (2002),
    peepholes; Sak et al. (2014), projection; Ba et al. (2016), layer normalisation; Tallec & Ollivier
    (2018), chrono initialisation.
    """

    name: ClassVar[str] = "lstm"
    gate_names: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o")
    candidate_gate: ClassVar[str | None] = "g"
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    initial_options: ClassVar[frozenset[str]] = frozenset({"recurrent_init", "forget_bias", "chrono"})
    projects: ClassVar[bool] = True

    forget_bias: float | None = None
    """Initial b_ih of the forget gate; its b_hh starts at 0 (Jozefowicz et al. 2015 recommend 1). None
    initialises as torch does."""

    chrono: int = 0
    """Chrono initialisation for dependencies of up to T steps: b_ih of the forget gate is log u with u
    uniform in [1, T − 1], b_ih of the input gate is −log u, and b_hh of both is 0 (Tallec & Ollivier 2018).
    0 initialises as torch does."""

    peepholes: bool = False
    """Connect the cell state to the gates."""

    def __post_init__(self) -> None:
        check_chrono("LSTM", self.chrono)
        if self.chrono and self.forget_bias is not None:
            raise ConfigError("LSTM: chrono and forget_bias both initialise the forget gate: give one")

    @property
    def kernel(self) -> Kernel | None:
        """See :attr:`Cell.kernel`."""
        return Kernel("lstm")

    @property
    def torch_kernel(self) -> str | None:
        """See :attr:`Cell.torch_kernel`."""
        return None if self.layer_norm or self.peepholes else "lstm"

    @property
    def gate_activations(self) -> tuple[TracedActivation, ...]:
        """See :attr:`Cell.gate_activations`."""
        i, f, o = (TracedActivation(gate, "sigmoid", gate) for gate in "ifo")
        return i, f, TracedActivation("g", "tanh", "g"), o

    @property
    def state_activations(self) -> tuple[TracedActivation, ...]:
        """See :attr:`Cell.state_activations`: tanh(c), unless c is normalised first."""
        return () if self.layer_norm else (TracedActivation("tanh(c)", "tanh", preactivation="c"),)

    @property
    def retaining_gate(self) -> str | None:
        """See :attr:`Cell.retaining_gate`: c_t = f_t ⊙ c_{t-1} + …"""
        return "f"

    def state_sizes(self, hidden_size: int, proj_size: int = 0) -> tuple[int, ...]:
        """Return the sizes of h and c."""
        return (self.output_size(hidden_size, proj_size), hidden_size)

    def shapes(
        self, input_size: int, hidden_size: int, *, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """See :meth:`Cell.shapes`; adds the parameters of peepholes and of the normalisation of c."""
        if self.forget_bias is not None and not bias:
            raise ConfigError("LSTM: forget_bias needs bias=True")
        check_chrono("LSTM", self.chrono, bias=bias)
        shapes = super().shapes(input_size, hidden_size, bias=bias, proj_size=proj_size)
        if self.peepholes:
            shapes |= {f"weight_peephole_{gate}": (hidden_size,) for gate in "ifo"}
        if self.layer_norm:
            shapes |= {"weight_ln_c": (hidden_size,), "bias_ln_c": (hidden_size,)}
        return shapes

    def initialise(self, p: Parameters) -> None:
        """See :meth:`Cell.initialise`; then apply ``forget_bias`` or ``chrono``."""
        import torch

        super().initialise(p)
        hidden_size = p["weight_hh"].shape[0] // 4
        input_rows, forget_rows = slice(0, hidden_size), slice(hidden_size, 2 * hidden_size)
        with torch.no_grad():
            if self.forget_bias is not None:
                p["bias_ih"][forget_rows] = self.forget_bias
                p["bias_hh"][forget_rows] = 0.0
            if self.chrono:
                bias = chrono_bias(hidden_size, self.chrono, p["bias_ih"])
                p["bias_ih"][input_rows], p["bias_ih"][forget_rows] = -bias, bias
                p["bias_hh"][: 2 * hidden_size] = 0.0

    def step(self, a: "Tensor", state: State, p: Parameters, masks: Masks) -> tuple[State, Gates]:
        """See :meth:`Cell.step`; the trace holds i, f, g, o."""
        h, c = state
        i, f, g, o = (a + self.recur(h, p)).chunk(4, dim=-1)
        if self.peepholes:
            i, f = i + p["weight_peephole_i"] * c, f + p["weight_peephole_f"] * c
        i, f, g = sigmoid(i), sigmoid(f), tanh(g)
        new_c = f * c + i * apply_candidate_mask(g, masks)
        if self.peepholes:
            o = o + p["weight_peephole_o"] * new_c
        o = sigmoid(o)
        new_h = self.emit(o * tanh(self._normalise_c(new_c, p)), p)
        new_state = (
            zoneout(new_h, h, masks.get("zoneout_h")),
            zoneout(new_c, c, masks.get("zoneout_c")),
        )
        return new_state, {"i": i, "f": f, "g": g, "o": o}

    def _normalise_c(self, c: "Tensor", p: Parameters) -> "Tensor":
        """Return c, normalised if ``layer_norm`` is set."""
        if not self.layer_norm:
            return c
        return layer_norm(c, p["weight_ln_c"], p["bias_ln_c"])
