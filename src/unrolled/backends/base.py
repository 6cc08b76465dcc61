"""A backend: one way to run a layer or a single step, or the reason why it cannot."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from unrolled.backends.lookup import Lookup, resolved
from unrolled.backends.transforms import NONE, Transforms
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import BackendError

Precision = Literal["full", "bfloat16", "auto"]
CheckpointEvery = int | str | None

Carry = tuple[Tensor, ...]
"""State of one direction of one layer: the cell's states (B, size) each, then the last k outputs (k, B, R) if
there are skip connections through time and they were given."""


class Need(NamedTuple):
    """What a pass asks of its backend beyond the cell itself."""

    skip: int = 0
    masks: tuple[str, ...] = ()
    trace: bool = False
    one_step: bool = False
    """Whether the input is a single step."""
    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    autocast: bool = False
    precision: Precision = "full"
    checkpoint: bool = False
    """Whether states are to be computed again in the backward pass."""
    ragged: bool = False
    """Whether rows have lengths."""
    projected: bool = False
    """Whether h is projected (``proj_size``)."""
    transforms: Transforms = NONE
    """Those of torch.func and torch.autograd that are running."""


@dataclass(frozen=True)
class Choice:
    """The backend of a layer, and why it was chosen."""

    backend: "Backend"
    reason: str
    bfloat16: bool = False
    """Whether its products round their operands to bfloat16."""

    @property
    def path(self) -> str:
        """Name of the backend."""
        return self.backend.name


class Direction(NamedTuple):
    """What one direction of a layer reads beside the input."""

    carry: Carry
    parameters: Parameters
    """By short name."""
    masks: Masks
    """Numbers or (T, B, size)."""
    reverse: bool = False
    """Whether it runs each row from its last step to its first."""
    probes: Mapping[str, Tensor] | None = None
    """Zeros (T, B, size) by state; see :func:`unrolled.backends.unroll`."""


class LayerCall(NamedTuple):
    """One layer over all steps, in one or two directions."""

    cell: Cell
    x: Tensor | Lookup
    """(T, B, I), or the rows of a table that are one."""
    directions: Sequence[Direction]
    lengths: Tensor | None = None
    """As checked by :func:`unrolled.backends.ragged.check_lengths`."""
    skip: int = 0
    training: bool = False
    """Mode of the module."""
    trace: bool = False
    """Whether to record every state and gate."""
    checkpoint_every: CheckpointEvery = None
    bfloat16: bool = False
    """As chosen; see :class:`Choice`."""

    @property
    def rows(self) -> Tensor:
        """The input (T, B, I), looked up where it is rows of a table."""
        return resolved(self.x)


class Seen(NamedTuple):
    """What a trace saw in one direction; see :class:`unrolled.backends.Unrolled`."""

    trace: dict[str, Tensor]
    entered: dict[str, Tensor]


class LayerResult(NamedTuple):
    """What a layer gives."""

    y: Tensor
    """(T, B, D·R), zero past the length of a row."""
    carries: list[Carry]
    """Final state of each direction."""
    seen: Sequence[Seen] = ()
    """Of each direction, where a trace was asked for."""


class Backend(ABC):
    """One way to run a layer; backends hold no tensors and no state."""

    name: ClassVar[str]
    merit: ClassVar[str] = ""
    """What to say for it where it is chosen without being asked for."""

    @abstractmethod
    def obstacle(self, cell: Cell, need: Need) -> str | None:
        """Return why it cannot run this cell, or None."""

    def drawback(self, need: Need) -> str | None:
        """Return why another backend is the better choice though it could run this, or None."""
        return None

    def chosen(self, need: Need, reason: str) -> Choice:
        """Return itself as the choice.

        Raises:
            BackendError: if the pass asks for an option that it lacks and the compiled loop has.
        """
        where = f"but this would run on {self.name} ({reason})"
        if need.precision == "bfloat16":
            autocast = "" if need.device == "cpu" else ", or torch.autocast"
            raise BackendError(
                f"precision='bfloat16' needs the compiled loop, {where}; use precision='full'{autocast}"
            )
        if need.checkpoint:
            raise BackendError(
                f"checkpoint_every needs the compiled loop, {where}; use checkpoint_every=None"
            )
        return Choice(self, reason)

    def reads_table(self, kinds: int, steps: int, row_bytes: int) -> bool:
        """Whether it computes W x + b once for each of so many kinds of x rather than at so many steps.

        Args:
            kinds: rows of the table.
            steps: steps of all rows of the batch, T·B.
            row_bytes: size of W x + b for one row of the table.
        """
        return False

    def computes_in(self, cell: Cell, need: Need) -> torch.dtype | None:
        """Return the dtype to convert input and state to under autocast, or None to leave them alone."""
        return None

    @abstractmethod
    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run one layer over all steps."""

    @abstractmethod
    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run one step: x (B, I) and state to the new state."""


def join_directions(outputs: Sequence[Tensor]) -> Tensor:
    """Return the outputs (T, B, R) of all directions side by side."""
    return outputs[0] if len(outputs) == 1 else torch.cat(list(outputs), dim=-1)
