"""A recorded forward pass: the losses, and every step of every recurrent layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import ConfigError
from unrolled.short_repr import short_repr


@short_repr
@dataclass(frozen=True, eq=False)
class Pass:
    """Recorded values of one layer and direction over a window of T steps and B rows.

    All tensors are in the time order of the input. ``name`` consists of module and layer, as in
    ``"encoder.l0_reverse"``.
    """

    name: str
    cell: Cell
    parameters: Parameters
    reverse: bool
    skip: int
    masks: Masks
    """Zoneout rates, as used in evaluation."""
    live: Tensor
    """(T, B), False beyond the length of a row."""
    entered: Mapping[str, Tensor]
    """Inputs of each step: x (T, B, I), a (T, B, G·H) and the states before the step."""
    states: Mapping[str, Tensor]
    """The states after each step, (T, B, size)."""
    gates: Mapping[str, Tensor]
    """Gates and all other traced values except the states, (T, B, units)."""
    probes: Mapping[str, tuple[Tensor, ...]]
    """By state: the zeros added to it in each consecutive call; their gradient is that of the state."""

    @property
    def before(self) -> State:
        """The states before each step, in the cell's order, each (T, B, size)."""
        return tuple(self.entered[name] for name in self.cell.state_names)

    @property
    def state_size(self) -> int:
        """Size N of the whole state of a row: the size R of h, for an LSTM R + H."""
        return sum(s.shape[-1] for s in self.before)

    def steps_of(self, row: int) -> list[int]:
        """Return the steps of a row in the order in which the layer processed them."""
        steps: list[int] = self.live[:, row].nonzero().flatten().tolist()
        return steps[::-1] if self.reverse else steps


@short_repr
@dataclass(frozen=True, eq=False)
class Recording:
    """The losses (N, B) of a batch and the passes of all recurrent layers."""

    losses: Tensor
    passes: tuple[Pass, ...]

    def find(self, name: str) -> Pass:
        """Return a pass by name.

        Raises:
            ConfigError: if there is no pass of that name.
        """
        for p in self.passes:
            if p.name == name:
                return p
        raise ConfigError(f"no layer {name!r}; there are {', '.join(p.name for p in self.passes)}")
