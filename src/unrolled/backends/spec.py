"""Description of a pass of the compiled loop, without its tensors, as one string.

Operators of ``torch.library`` accept only tensors, numbers and strings. So the settings of a pass (cell,
direction, names of the tensors) are passed as the string of a :class:`Spec`.
"""

import ast
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from unrolled.backends.cached import cached
from unrolled.backends.compiled_steps import CompiledStep, compiled_step
from unrolled.cells import CELLS, Cell
from unrolled.cells.declarations import Kernel


@dataclass(frozen=True)
class Spec:
    """Settings for running one layer in one direction."""

    cell: Cell
    reverse: bool
    bfloat16: bool
    """True if products round their operands to bfloat16."""
    weights: tuple[str, ...]
    """Names of the weights, in the order in which they are passed."""
    masks: tuple[str, ...]
    """Names of the masks, in the order in which they are passed."""
    rates: tuple[float, ...]
    """Zoneout rate of each state; 0 if the state has a mask or no zoneout."""

    # Decoded specs are cached, so the properties below are computed once per spec, not at every call.

    @cached_property
    def valid_shapes(self) -> set[Any]:
        """Operand shapes that passed the check; cached because the check is slower than a small layer."""
        return set()

    @cached_property
    def kernel(self) -> Kernel:
        """The cell's declaration of its compiled step."""
        kernel = self.cell.kernel
        assert kernel is not None, self.cell
        return kernel

    @cached_property
    def step(self) -> CompiledStep:
        """The extension's declaration of that step."""
        return compiled_step(self.kernel.name)

    @cached_property
    def has_map(self) -> bool:
        """True if a map of h is fed back instead of h itself."""
        return self.kernel.output_weight in self.weights

    @cached_property
    def vectors(self) -> tuple[int, ...]:
        """For each vector parameter of the step, its index in ``weights``, or -1 if the layer lacks it."""
        indices = {name: index for index, name in enumerate(self.weights)}
        return tuple(indices.get(name, -1) for name in self.step.vectors)

    @cached_property
    def fields(self) -> tuple[tuple[int, str], ...]:
        """For each other weight, its index in ``weights`` and its name in the kernel's arguments."""
        kernel_names = {self.kernel.output_weight: "weight_out", self.kernel.output_bias: "bias_out"}
        indexed = [(index, kernel_names.get(name, name)) for index, name in enumerate(self.weights)]
        return tuple((index, name) for index, name in indexed if index not in self.vectors)

    @cached_property
    def zoneout(self) -> bool:
        """True if the state that is fed back has zoneout."""
        return bool(self.rates[0]) or f"zoneout_{self.cell.state_names[0]}" in self.masks

    def encode(self) -> str:
        """Return the spec as a string, without options that only affect the initial parameters.

        The code is simple enough for torch.compile to trace.
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
    """Return the spec from the string that :meth:`Spec.encode` returned."""
    name, options, flags, weights, masks, rates = text.split(";")
    cell_type = next(cell for cell in CELLS if cell.__name__ == name)
    pairs = [option.split("=") for option in options.split(",") if option]
    reverse, bfloat16 = (flag == "1" for flag in flags)
    return Spec(
        cell=cell_type(**{key: ast.literal_eval(value) for key, value in pairs}),
        reverse=reverse,
        bfloat16=bfloat16,
        weights=tuple(weights.split(",")) if weights else (),
        masks=tuple(masks.split(",")) if masks else (),
        rates=tuple(float(rate) for rate in rates.split(",")),
    )


def compiled_kernel_name(cell: Cell) -> str | None:
    """Return the name of the compiled step for exactly this cell, or None."""
    return None if cell.kernel is None else cell.kernel.name


@cached
def encoded_spec(
    cell: Cell,
    weights: tuple[str, ...],
    masks: tuple[str, ...],
    rates: tuple[float, ...],
    reverse: bool,
    bfloat16: bool,
) -> str:
    """Return the encoded spec of a pass."""
    return Spec(cell, reverse, bfloat16, weights, masks, rates).encode()
