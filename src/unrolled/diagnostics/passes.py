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
    """One direction of one layer over a window of T steps and B rows.

    Every tensor is in the time order of the input. ``name`` is that of the module and the layer, as in
    ``"encoder.l0_reverse"``.
    """

    name: str
    cell: Cell
    parameters: Parameters
    reverse: bool
    skip: int
    masks: Masks
    """Rates of zoneout, as in evaluation."""
    live: Tensor
    """(T, B), false past the length of a row."""
    entered: Mapping[str, Tensor]
    """x (T, B, I), a (T, B, G·H) and the states before each step."""
    states: Mapping[str, Tensor]
    """The states after each step, (T, B, size)."""
    gates: Mapping[str, Tensor]
    probes: Mapping[str, tuple[Tensor, ...]]
    """By state: zeros of consecutive calls, whose gradient is that of the state."""

    @property
    def before(self) -> State:
        """The states before each step, in the cell's order, each (T, B, size)."""
        return tuple(self.entered[name] for name in self.cell.state_names)

    @property
    def state_size(self) -> int:
        """N, the size of the whole state of a row: R, for an LSTM R + H."""
        return sum(s.shape[-1] for s in self.before)

    def steps_of(self, row: int) -> list[int]:
        """Return the steps of a row in the order in which the layer took them."""
        steps: list[int] = self.live[:, row].nonzero().flatten().tolist()
        return steps[::-1] if self.reverse else steps


@short_repr
@dataclass(frozen=True, eq=False)
class Recording:
    """The losses (N, B) of a batch, and every recurrent layer that they came through."""

    losses: Tensor
    passes: tuple[Pass, ...]

    def find(self, name: str) -> Pass:
        """Return a pass by name.

        Raises:
            ConfigError: if there is none.
        """
        for one in self.passes:
            if one.name == name:
                return one
        raise ConfigError(f"no layer {name!r}; there are {', '.join(p.name for p in self.passes)}")
