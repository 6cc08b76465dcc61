"""The network of Jordan (1986), which feeds back its output instead of its hidden state."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from unrolled.cells.base import Parameters, require_choice
from unrolled.cells.declarations import Kernel, TracedActivation
from unrolled.cells.elman import Elman
from unrolled.cells.functions import linear
from unrolled.cells.nonlinearities import NONLINEARITIES
from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

OUTPUT_NONLINEARITIES = {**NONLINEARITIES, "identity": lambda y: y}


@dataclass(frozen=True, kw_only=True)
class Jordan(Elman):
    """Jordan's cell: h_t = σ(W x_t + b_ih + U y_{t-1} + b_hh), y_t = f(V h_t + c).

    y is both the state and the output of the layer. W is ``weight_ih`` (input to hidden), U is ``weight_hh``
    (output to hidden), V is ``weight_ho`` (hidden to output), c is ``bias_ho``.
    Source: M. I. Jordan, Serial order: a parallel distributed processing approach (1986).
    """

    name: ClassVar[str] = "jordan"

    output_features: int = 0
    """Size of y; 0 means the hidden size."""

    output_nonlinearity: Literal["tanh", "relu", "sigmoid", "identity"] = "tanh"
    """Output nonlinearity f."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice(
            "Jordan", "output_nonlinearity", self.output_nonlinearity, tuple(OUTPUT_NONLINEARITIES)
        )
        if self.output_features < 0:
            raise ConfigError(f"Jordan: output_features={self.output_features} must not be negative")

    @property
    def kernel(self) -> Kernel | None:
        """See :attr:`Cell.kernel`: Elman's step with an output map f(V h + c) that is fed back."""
        return Kernel(
            "elman",
            nonlinearity=self.nonlinearity,
            output_weight="weight_ho",
            output_bias="bias_ho",
            output_nonlinearity=self.output_nonlinearity,
        )

    @property
    def state_activations(self) -> tuple[TracedActivation, ...]:
        """See :attr:`Cell.state_activations`: the state y is a value of f."""
        kind = self.output_nonlinearity
        return () if kind == "identity" else (TracedActivation("output", kind, value="h"),)

    @property
    def is_simple(self) -> bool:
        """See :attr:`Cell.is_simple`: False, because y is fed back instead of h."""
        return False

    def output_size(self, hidden_size: int, proj_size: int = 0) -> int:
        """Return the size of y."""
        return self.output_features or hidden_size

    def shapes(
        self, input_size: int, hidden_size: int, *, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """See :meth:`Cell.shapes`; adds V (``weight_ho``) and c (``bias_ho``)."""
        if proj_size:
            raise ConfigError("Jordan: proj_size is not supported: the output is already a map of h")
        shapes = super().shapes(input_size, hidden_size, bias=bias)
        size = self.output_size(hidden_size)
        shapes["weight_ho"] = (size, hidden_size)
        if bias:
            shapes["bias_ho"] = (size,)
        return shapes

    def emit(self, h: "Tensor", p: Parameters) -> "Tensor":
        """Return y = f(V h + c)."""
        return OUTPUT_NONLINEARITIES[self.output_nonlinearity](linear(h, p["weight_ho"], p.get("bias_ho")))
