"""The data structure of a step program."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One operation of a program. Its result is a vector; values are numbered by operation."""

    name: str
    """One of :data:`unrolled.programs.operations.OPERATIONS`."""
    size: int
    """Size of the result."""
    inputs: tuple[int, ...] = ()
    """Numbers of the operations whose results are read; all are smaller than the number of this one."""
    key: str = ""
    """Name of the input, the state, or the token that an embedding looks up."""
    weight: str = ""
    """Parameter of ``linear`` (rows, columns), ``embedding`` (V, size), ``layer_norm`` and ``parameter``."""
    bias: str = ""
    """Bias of ``linear`` and ``layer_norm``; empty for none."""
    begin: int = 0
    """First element of a ``slice``; first row of ``weight`` and ``bias``."""
    value: float = 0.0
    """Value of a ``constant``; ε of ``layer_norm``."""


@dataclass(frozen=True)
class StateSlot:
    """A state of a program: a vector that a step reads and replaces."""

    name: str
    size: int
    result: int
    """Number of the operation that computes the next value."""
    initial: float = 0.0
    """Value of every element before the first step."""


@dataclass(frozen=True)
class Program:
    """One step: reads inputs, tokens and states, and computes outputs and the next states."""

    operations: tuple[Operation, ...]
    parameters: Mapping[str, Shape]
    """Shape of each parameter."""
    states: tuple[StateSlot, ...]
    outputs: Mapping[str, int]
    """Number of the operation that computes each output."""
    inputs: Mapping[str, int] = field(default_factory=dict)
    """Size of each input vector, in the order in which a step takes them."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """Number of different values of each token input."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """Names of results, such as ``i_l0`` for the input gate of the first layer; for readers only."""

    def multiply_adds(self) -> int:
        """Return the number of multiply-adds of the products of one step."""
        return sum(
            op.size * self.operations[op.inputs[0]].size for op in self.operations if op.name == "linear"
        )

    def state_size(self) -> int:
        """Return the number of elements of all states."""
        return sum(state.size for state in self.states)

    def __str__(self) -> str:
        lines = []
        for number, op in enumerate(self.operations):
            parts = [f"%{i}" for i in op.inputs]
            parts += [text for text in (op.key, op.weight, op.bias) if text]
            parts += [f"from {op.begin}"] if op.begin else []
            parts += [f"{op.value:g}"] if op.name in ("constant", "layer_norm") else []
            lines.append(f"%{number}: {op.size} = {op.name}({', '.join(parts)})")
        lines += [f"state {s.name} ← %{s.result}" for s in self.states]
        lines += [f"output {name} = %{number}" for name, number in self.outputs.items()]
        return "\n".join(lines)
