"""Types with which a cell describes its step to kernels and diagnostics."""

from dataclasses import dataclass

from unrolled.cells.nonlinearities import Nonlinearity


@dataclass(frozen=True)
class Kernel:
    """Name and options of a cell's compiled step.

    The extension declares the rest: gates, states, and the names of the parameters of shape (H,).
    """

    name: str
    """Name in ``csrc/cells/``."""

    nonlinearity: str = "tanh"
    """σ of the step, for kernels that support several."""

    output_weight: str = "weight_hr"
    """Name of the matrix that maps h to the output that is fed back; the layer may lack it."""

    output_bias: str = ""
    """Name of the bias of that map."""

    output_nonlinearity: str = "identity"
    """Nonlinearity of that map."""


@dataclass(frozen=True)
class TracedActivation:
    """A nonlinearity σ(a) of a step, with the names under which a trace records σ(a) and a."""

    name: str
    kind: Nonlinearity
    value: str = ""
    """Gate or state that holds σ(a); empty if it is not in the trace."""
    preactivation: str = ""
    """Gate or state that holds a; empty if it is not in the trace."""
