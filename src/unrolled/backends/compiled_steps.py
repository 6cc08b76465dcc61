"""Compiled steps of cells, as declared by the extension."""

from dataclasses import dataclass
from functools import cache

from unrolled.extension import core


@dataclass(frozen=True)
class CompiledStep:
    """Declaration of a compiled step; see ``csrc/cells/declaration.h``."""

    number: int
    """Index in the extension's list, which selects the kernel."""
    gates: int
    """Number of blocks of H rows in W and U."""
    states: tuple[str, ...]
    vectors: tuple[str, ...]
    """Names of the parameters of shape (H,) besides the biases of W and U."""
    recurrent: bool
    """True if there is a product U h + b_hh."""
    keeps_extra: bool
    """True if backward needs H more values of each step, in addition to gates and states."""
    gate_is_hidden: bool
    """True if the gate equals the output of the step, so that y holds it unless y is changed afterwards."""


@cache
def compiled_steps() -> dict[str, CompiledStep]:
    """Return all compiled steps by name; empty without the extension."""
    declarations = [] if core is None else core.kernels_of_cells()
    return {
        d.name: CompiledStep(
            number=number,
            gates=d.gates,
            states=tuple(d.states),
            vectors=tuple(d.vectors),
            recurrent=d.recurrent,
            keeps_extra=d.keeps_extra,
            gate_is_hidden=d.gate_is_hidden,
        )
        for number, d in enumerate(declarations)
    }


def compiled_step(name: str) -> CompiledStep:
    """Return the compiled step with this name."""
    return compiled_steps()[name]
