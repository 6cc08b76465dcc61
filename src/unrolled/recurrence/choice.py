"""The one place that decides which path runs a layer, and says why.

*reference* is Python and does everything; *aten* is torch's own kernels, for what torch can do; *compiled*
is this package's extension. Nothing falls back in silence: every choice carries its reason.
"""

from dataclasses import dataclass
from typing import Literal

from unrolled.cells import Cell
from unrolled.errors import BackendError
from unrolled.recurrence.aten import kernel_name

Backend = Literal["auto", "compiled", "aten", "reference"]
Path = Literal["compiled", "aten", "reference"]
BACKENDS: tuple[Backend, ...] = ("auto", "compiled", "aten", "reference")


@dataclass(frozen=True)
class Need:
    """What a pass asks of its path beyond the cell itself."""

    skip: int = 0
    masks: tuple[str, ...] = ()
    trace: bool = False


@dataclass(frozen=True)
class Choice:
    """A path, and why it was taken."""

    path: Path
    reason: str


def choose(backend: Backend, cell: Cell, need: Need) -> Choice:
    """Return the path for one layer.

    Raises:
        BackendError: if a path was asked for by name that cannot do it, or does not exist.
    """
    check_backend(backend)
    obstacle = _aten_obstacle(cell, need)
    if backend == "reference":
        return Choice("reference", "asked for")
    if backend == "compiled":
        raise BackendError(
            f"backend='compiled': there is no compiled loop for {type(cell).__name__} yet; "
            "use backend='auto', 'aten' or 'reference'"
        )
    if backend == "aten":
        if obstacle:
            raise BackendError(f"backend='aten': {obstacle}; use backend='auto' or 'reference'")
        return Choice("aten", "asked for")
    if obstacle:
        return Choice("reference", obstacle)
    return Choice("aten", "torch has a kernel for this cell and these options")


def check_backend(backend: str) -> None:
    """Raise BackendError for a path that does not exist."""
    if backend not in BACKENDS:
        raise BackendError(f"backend={backend!r} is not one of {', '.join(BACKENDS)}")


def _aten_obstacle(cell: Cell, need: Need) -> str | None:
    """Say why torch's kernels cannot run this, or return None."""
    if kernel_name(cell) is None:
        return f"torch has no kernel for {cell}"
    if need.skip:
        return f"torch has no skip connection through time (skip={need.skip})"
    if need.masks:
        return f"torch's loop takes no masks ({', '.join(need.masks)})"
    if need.trace:
        return "torch's loop does not show its inner states (trace)"
    return None
