"""What a cell declares about itself, for kernels and diagnostics."""

from dataclasses import dataclass

from unrolled.cells.nonlinearities import Nonlinearity


@dataclass(frozen=True)
class Kernel:
    """The compiled step that computes a cell.

    The extension declares the rest: gates, states, and by name the parameters (H,) that the step takes.
    """

    name: str
    """As in ``csrc/cells/``."""

    nonlinearity: str = "tanh"
    """σ of the step, for a kernel that has a choice."""

    output_weight: str = "weight_hr"
    """The parameter whose product with h is emitted and fed back, where the layer has it."""

    output_bias: str = ""
    """Bias of that product."""

    output_nonlinearity: str = "identity"
    """Nonlinearity of that product."""


@dataclass(frozen=True)
class TracedActivation:
    """A nonlinearity σ(a) of a step, by the names of its numbers in the trace."""

    name: str
    kind: Nonlinearity
    value: str = ""
    """σ(a): a gate or a state; empty if it is not in the trace."""
    preactivation: str = ""
    """a; empty if it is not in the trace."""
