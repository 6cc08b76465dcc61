"""The compiled steps of cells, as the extension declares them."""

from dataclasses import dataclass
from functools import cache

from unrolled.extension import core


@dataclass(frozen=True)
class CompiledStep:
    """One compiled step: ``csrc/cells/declaration.h``."""

    number: int
    """Its place in the extension's list, which is how a kernel is asked for."""
    gates: int
    """Blocks of H rows in W and U."""
    states: tuple[str, ...]
    vectors: tuple[str, ...]
    """Parameters (H,) that it takes beside W, U and their biases."""
    recurrent: bool
    """Whether it has the product U h + b_hh."""
    keeps_extra: bool
    """Whether backward needs H numbers of each step beside its gates and states."""
    gate_is_hidden: bool
    """Whether its gate is what it emits, so that y holds it where nothing changes it."""


@cache
def compiled_steps() -> dict[str, CompiledStep]:
    """Return every compiled step by name; none without the extension."""
    declared = [] if core is None else core.kernels_of_cells()
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
        for number, d in enumerate(declared)
    }


def compiled_step(name: str) -> CompiledStep:
    """Return the compiled step of this name."""
    return compiled_steps()[name]
