"""Everything about a pass of the compiled loop except its tensors, as one string.

Operators of ``torch.library`` take tensors, numbers and strings; what is decided before a pass (cell,
direction, names of the tensors that follow) travels as the string of a :class:`Spec`.
"""

import ast
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from unrolled.backends.compiled_steps import CompiledStep, compiled_step
from unrolled.backends.remember import remembered
from unrolled.cells import CELLS, Cell
from unrolled.cells.declarations import Kernel


@dataclass(frozen=True)
class Spec:
    """One layer in one direction."""

    cell: Cell
    reverse: bool
    bfloat16: bool
    """Whether products round their operands to bfloat16."""
    weights: tuple[str, ...]
    """Names of the weights, in the order in which they are handed over."""
    masks: tuple[str, ...]
    """Names of the masks, likewise."""
    rates: tuple[float, ...]
    """Zoneout of each state where it has no mask."""

    # A decoded spec is remembered: these are computed once for each kind of pass, not at every call.

    @cached_property
    def fitting(self) -> set[Any]:
        """Shapes of operands that were found to go together: a check outlasts the loop of a small layer."""
        return set()

    @cached_property
    def kernel(self) -> Kernel:
        """The compiled step of the cell."""
        kernel = self.cell.kernel
        assert kernel is not None, self.cell
        return kernel

    @cached_property
    def step(self) -> CompiledStep:
        """What the extension declares about that step."""
        return compiled_step(self.kernel.name)

    @cached_property
    def has_map(self) -> bool:
        """Whether a map of h is fed back, not h itself."""
        return self.kernel.output_weight in self.weights

    @cached_property
    def vectors(self) -> tuple[int, ...]:
        """For each vector of the step its place in ``weights``, or -1 where the layer has none."""
        places = {name: place for place, name in enumerate(self.weights)}
        return tuple(places.get(name, -1) for name in self.step.vectors)

    @cached_property
    def fields(self) -> tuple[tuple[int, str], ...]:
        """For each other weight its place in ``weights``, and what the kernel calls it."""
        renamed = {self.kernel.output_weight: "weight_out", self.kernel.output_bias: "bias_out"}
        named = [(place, renamed.get(name, name)) for place, name in enumerate(self.weights)]
        return tuple((place, name) for place, name in named if place not in self.vectors)

    @cached_property
    def zoneout(self) -> bool:
        """Whether the state that is fed back has zoneout."""
        return bool(self.rates[0]) or f"zoneout_{self.cell.state_names[0]}" in self.masks

    def encode(self) -> str:
        """Return the spec as a string, without options that only start parameters.

        It is plain enough for torch.compile to trace.
        """
        options = ",".join(
            [
                f"{name}={value!r}"
                for name, value in vars(self.cell).items()
                if name not in self.cell.initial_options
            ]
        )
        flags = "".join(str(int(flag)) for flag in (self.reverse, self.bfloat16))
        names = (",".join(self.weights), ",".join(self.masks))
        rates = ",".join([repr(rate) for rate in self.rates])
        return ";".join((type(self.cell).__name__, options, flags, *names, rates))


@lru_cache(maxsize=4096)
def decode(text: str) -> Spec:
    """Return the spec that :meth:`Spec.encode` gave as a string."""
    name, options, flags, weights, masks, rates = text.split(";")
    kind = next(cell for cell in CELLS if cell.__name__ == name)
    pairs = [option.split("=") for option in options.split(",") if option]
    reverse, bfloat16 = (flag == "1" for flag in flags)
    return Spec(
        cell=kind(**{key: ast.literal_eval(value) for key, value in pairs}),
        reverse=reverse,
        bfloat16=bfloat16,
        weights=tuple(weights.split(",")) if weights else (),
        masks=tuple(masks.split(",")) if masks else (),
        rates=tuple(float(rate) for rate in rates.split(",")),
    )


def kind_of(cell: Cell) -> str | None:
    """Return the name of the compiled step that computes this very cell, or None."""
    return None if cell.kernel is None else cell.kernel.name


@remembered
def encoded_spec(
    cell: Cell,
    weights: tuple[str, ...],
    masks: tuple[str, ...],
    rates: tuple[float, ...],
    reverse: bool,
    bfloat16: bool,
) -> str:
    """Return the string for a pass."""
    return Spec(cell, reverse, bfloat16, weights, masks, rates).encode()
