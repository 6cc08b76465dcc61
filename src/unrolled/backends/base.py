"""Base class of backends, which run a layer or a single step, or report why they cannot."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from unrolled.backends.lookup import Lookup, resolve_lookup
from unrolled.backends.transforms import NO_TRANSFORMS, Transforms
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import BackendError

Precision = Literal["full", "bfloat16", "auto"]
CheckpointEvery = int | str | None

Carry = tuple[Tensor, ...]
"""State of one direction of one layer: the cell's states, (B, size) each, then optionally the last k outputs
(k, B, R) for skip connections through time."""


class Requirements(NamedTuple):
    """Requirements of a pass on its backend, in addition to the cell."""

    skip: int = 0
    masks: tuple[str, ...] = ()
    trace: bool = False
    one_step: bool = False
    """True if the input is a single step."""
    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    autocast: bool = False
    precision: Precision = "full"
    checkpoint: bool = False
    """True if states are recomputed in the backward pass (``checkpoint_every``)."""
    ragged: bool = False
    """True if rows have lengths."""
    projected: bool = False
    """True if h is projected (``proj_size``)."""
    transforms: Transforms = NO_TRANSFORMS
    """Running transforms of torch.func and torch.autograd."""


@dataclass(frozen=True)
class Choice:
    """The backend of a layer, and the reason why it was chosen."""

    backend: "Backend"
    reason: str
    bfloat16: bool = False
    """True if products round their operands to bfloat16."""

    @property
    def path(self) -> str:
        """Name of the backend."""
        return self.backend.name


class Direction(NamedTuple):
    """Inputs of one direction of a layer, apart from x."""

    carry: Carry
    parameters: Parameters
    """Parameters by short name."""
    masks: Masks
    """Masks of all steps: numbers, or (T, B, size)."""
    reverse: bool = False
    """True to run each row from its last step to its first."""
    probes: Mapping[str, Tensor] | None = None
    """Zeros (T, B, size) by state; see :func:`unrolled.backends.unroll`."""


class LayerCall(NamedTuple):
    """Arguments for running one layer over all steps, in one or two directions."""

    cell: Cell
    x: Tensor | Lookup
    """Input (T, B, I), or a lookup of it in a table."""
    directions: Sequence[Direction]
    lengths: Tensor | None = None
    """Row lengths, checked by :func:`unrolled.backends.ragged.check_lengths`."""
    skip: int = 0
    training: bool = False
    """Training mode of the module."""
    trace: bool = False
    """Record every state and gate."""
    checkpoint_every: CheckpointEvery = None
    bfloat16: bool = False
    """See :class:`Choice`."""

    @property
    def input(self) -> Tensor:
        """The input as a tensor (T, B, I)."""
        return resolve_lookup(self.x)


class DirectionTrace(NamedTuple):
    """Trace of one direction of a layer; see :class:`unrolled.backends.Unrolled`."""

    trace: dict[str, Tensor]
    entered: dict[str, Tensor]


class LayerResult(NamedTuple):
    """Output, final states and traces of a layer."""

    y: Tensor
    """Output (T, B, D·R), zero past the length of a row."""
    carries: list[Carry]
    """Final state of each direction."""
    traces: Sequence[DirectionTrace] = ()
    """Trace of each direction; empty unless requested."""


class Backend(ABC):
    """Base class of the implementations of the loop; a backend holds no tensors and no state."""

    name: ClassVar[str]
    auto_reason: ClassVar[str] = ""
    """Reason to report when ``"auto"`` chooses this backend."""

    @abstractmethod
    def unsupported_reason(self, cell: Cell, requirements: Requirements) -> str | None:
        """Return why the backend cannot run this cell with these requirements, or None if it can."""

    def drawback(self, requirements: Requirements) -> str | None:
        """Return why ``"auto"`` should prefer another backend although this one could run, or None."""
        return None

    def make_choice(self, requirements: Requirements, reason: str) -> Choice:
        """Return a choice of this backend.

        Raises:
            BackendError: if the pass requires an option that only the compiled loop has.
        """
        conflict = f"but the layer would run on {self.name} ({reason})"
        if requirements.precision == "bfloat16":
            autocast = "" if requirements.device == "cpu" else ", or torch.autocast"
            raise BackendError(
                f"precision='bfloat16' needs the compiled loop, {conflict}; use precision='full'{autocast}"
            )
        if requirements.checkpoint:
            raise BackendError(
                f"checkpoint_every needs the compiled loop, {conflict}; use checkpoint_every=None"
            )
        return Choice(self, reason)

    def uses_table(self, table_rows: int, steps: int, row_bytes: int) -> bool:
        """Return whether the backend computes W x + b once for each row of a table instead of for each step.

        Args:
            table_rows: number of rows of the table.
            steps: number of steps of all rows of the batch, T·B.
            row_bytes: size of W x + b for one row of the table, in bytes.
        """
        return False

    def autocast_dtype(self, cell: Cell, requirements: Requirements) -> torch.dtype | None:
        """Return the dtype to which input and state are converted under autocast, or None for no change."""
        return None

    @abstractmethod
    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run one layer over all steps."""

    @abstractmethod
    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run one step from input x (B, I) and state; return the new state."""


def join_directions(outputs: Sequence[Tensor]) -> Tensor:
    """Concatenate the outputs (T, B, R) of all directions along the last axis."""
    return outputs[0] if len(outputs) == 1 else torch.cat(list(outputs), dim=-1)
