"""Add a stack of layers to a program: recurrent layers or windows, in one direction of time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unrolled.cells import Cell
from unrolled.cells.nonlinearities import Nonlinearity
from unrolled.programs.builder import Builder
from unrolled.programs.program import Shape
from unrolled.programs.symbols import Symbol, concat


@dataclass(frozen=True, kw_only=True)
class RecurrentSpec:
    """A stack of recurrent layers; see :class:`unrolled.layers.Recurrent`."""

    cell: Cell
    input_size: int
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    proj_size: int = 0
    skip: int = 0
    residual: bool = False
    bidirectional: bool = False
    masks: Mapping[str, float] = field(default_factory=dict)
    """Zoneout rates of evaluation, by name of the mask."""

    @property
    def output_size(self) -> int:
        """Output size of one direction of one layer."""
        return self.cell.output_size(self.hidden_size, self.proj_size)

    def size_below(self, layer: int) -> int:
        """Return the size of the input of a layer."""
        return (1 + self.bidirectional) * self.output_size if layer else self.input_size

    def add_layer(self, builder: Builder, x: Symbol, layer: int, prefix: str, suffix: str) -> Symbol:
        """Add one layer in one direction; its states are named ``h_l0`` and so on.

        Args:
            builder: the program.
            x: input of the layer.
            layer: number of the layer.
            prefix: what the names of the stack's parameters and states begin with.
            suffix: "_reverse" for the weights of the reverse direction, else "".
        """
        cell, tail = self.cell, f"_l{layer}{suffix}"
        shapes: dict[str, Shape] = dict(
            cell.shapes(self.size_below(layer), self.hidden_size, bias=self.bias, proj_size=self.proj_size)
        )
        if self.skip:
            shapes["weight_skip"] = (cell.gates * self.hidden_size, self.output_size)
        p: dict[str, Any] = {
            name: builder.parameter(f"{prefix}{name}{tail}", shape) for name, shape in shapes.items()
        }
        sizes = cell.state_sizes(self.hidden_size, self.proj_size)
        names = [f"{prefix}{name}{tail}" for name in cell.state_names]
        state: Any = tuple(builder.state(name, size) for name, size in zip(names, sizes, strict=True))
        traced: Any = x
        a: Any = cell.project(traced, p)
        past = [f"{prefix}past{k}{tail}" for k in range(2, self.skip + 1)]
        if self.skip:
            queue = [state[0], *(builder.state(name, self.output_size) for name in past)]
            a = a + queue[-1].linear(p["weight_skip"])
            for name, newer in zip(past, queue, strict=False):
                builder.set_state(name, newer)
        step: Any = cell.step(a, state, p, self.masks)
        new, trace = step
        for gate, symbol in trace.items():
            if isinstance(symbol, Symbol):
                builder.label(symbol, f"{prefix}{gate}{tail}")
        for name, value in zip(names, new, strict=True):
            builder.set_state(name, value)
        output: Symbol = new[0]
        return output


@dataclass(frozen=True, kw_only=True)
class WindowSpec:
    """A stack of window layers; see :class:`unrolled.layers.Window`."""

    input_size: int
    hidden_size: int
    windows: tuple[int, ...]
    nonlinearity: Nonlinearity = "tanh"
    residual: bool = False
    bidirectional: bool = False

    @property
    def num_layers(self) -> int:
        """Number of layers."""
        return len(self.windows)

    @property
    def output_size(self) -> int:
        """Output size of one direction of one layer."""
        return self.hidden_size

    def size_below(self, layer: int) -> int:
        """Return the size of the input of a layer."""
        return (1 + self.bidirectional) * self.hidden_size if layer else self.input_size

    def add_layer(self, builder: Builder, x: Symbol, layer: int, prefix: str, suffix: str) -> Symbol:
        """Add one layer in one direction; its states are the last n − 1 inputs, newest first."""
        size, tail = self.size_below(layer), f"_l{layer}{suffix}"
        names = [f"{prefix}past{k}{tail}" for k in range(1, self.windows[layer])]
        window = [x, *(builder.state(name, size) for name in names)]
        for name, newer in zip(names, window, strict=False):
            builder.set_state(name, newer)
        weight: Any = builder.parameter(f"{prefix}weight{tail}", (self.hidden_size, size * len(window)))
        bias: Any = builder.parameter(f"{prefix}bias{tail}", (self.hidden_size,))
        y: Symbol = getattr(concat(window).linear(weight, bias), self.nonlinearity)()
        return y


StackSpec = RecurrentSpec | WindowSpec
Entry = Callable[[Builder], Symbol]
"""Adds the input vector of the first layer to a program, from inputs and tokens."""


def add_stack(builder: Builder, x: Symbol, spec: StackSpec, prefix: str = "") -> Symbol:
    """Add all layers of a stack with one direction; return the output of the last one.

    Args:
        builder: the program.
        x: input of the first layer.
        spec: the stack.
        prefix: what the names of its parameters and states begin with, such as ``"recurrent."``.
    """
    for layer in range(spec.num_layers):
        y = spec.add_layer(builder, x, layer, prefix, "")
        x = y + x if spec.residual and layer else y
    return x
