"""The one place that decides which path runs a layer, and says why.

*compiled* is this package's extension, for CPU tensors; *aten* is torch's own kernels, for what torch can
do; *reference* is Python and does everything. Nothing falls back in silence: every choice carries its reason.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from unrolled import extension
from unrolled.backends.aten import kernel_name
from unrolled.backends.remember import remembered
from unrolled.backends.spec import kind_of
from unrolled.backends.transforms import NONE, Transforms
from unrolled.cells import LSTM, Cell
from unrolled.errors import BackendError

Backend = Literal["auto", "compiled", "aten", "reference"]
Path = Literal["compiled", "aten", "reference"]
Precision = Literal["full", "bfloat16", "auto"]
BACKENDS: tuple[Backend, ...] = ("auto", "compiled", "aten", "reference")
PRECISIONS: tuple[Precision, ...] = ("full", "bfloat16", "auto")


@dataclass(frozen=True)
class Need:
    """What a pass asks of its path beyond the cell itself."""

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
    transforms: Transforms = NONE
    """Those of torch.func and torch.autograd that are running."""


@dataclass(frozen=True)
class Choice:
    """A path, and why it was taken."""

    path: Path
    reason: str
    bfloat16: bool = False
    """Whether its products round their operands to bfloat16."""


def choose(backend: Backend, cell: Cell, need: Need) -> Choice:
    """Return the path for one layer.

    Raises:
        BackendError: if a path was asked for by name that cannot do it, or none can do what is needed.
    """
    return _choose(backend, cell, need, extension.core is not None, extension.bfloat16_kernels)


@remembered
def _choose(backend: Backend, cell: Cell, need: Need, core: bool, bfloat16_kernels: bool) -> Choice:
    """Choose with what the answer depends on beside the layer: the extension and its kernels."""
    check_backend(backend)
    compiled, aten = _compiled_obstacle(cell, need, core), _aten_obstacle(cell, need)
    choice = _by_name(backend, compiled, aten) or _best(need, compiled, aten)
    if choice.path != "compiled":
        _require_compiled(need, choice)
        return choice
    if _multiplies_bfloat16(need, bfloat16_kernels):
        return Choice("compiled", choice.reason + "; products in bfloat16, sums in float32", bfloat16=True)
    return choice


def check_backend(backend: str) -> None:
    """Raise BackendError for a path that does not exist."""
    if backend not in BACKENDS:
        raise BackendError(f"backend={backend!r} is not one of {', '.join(BACKENDS)}")


def check_precision(precision: str) -> None:
    """Raise BackendError for a precision that does not exist."""
    if precision not in PRECISIONS:
        raise BackendError(f"precision={precision!r} is not one of {', '.join(PRECISIONS)}")


def resolve_precision(precision: Precision, dtype: torch.dtype) -> Literal["full", "bfloat16"]:
    """Return what ``"auto"`` means on this processor."""
    if precision != "auto":
        return precision
    return "bfloat16" if extension.bfloat16_kernels and dtype == torch.float32 else "full"


def _by_name(backend: Backend, compiled: str | None, aten: str | None) -> Choice | None:
    """Return the path that was asked for by name, or None for ``"auto"``."""
    if backend == "auto":
        return None
    obstacle = {"compiled": compiled, "aten": aten, "reference": None}[backend]
    if obstacle:
        others = "'auto' or 'reference'" if backend == "aten" else "'auto', 'aten' or 'reference'"
        raise BackendError(f"backend={backend!r}: {obstacle}; use backend={others}")
    return Choice(backend, "asked for")


def _best(need: Need, compiled: str | None, aten: str | None) -> Choice:
    packs_in_vain = None
    if need.one_step and need.device == "cpu":
        packs_in_vain = "a single step does not repay packing the weights for the compiled loop"
    if not compiled and not (packs_in_vain and not need.checkpoint and need.precision == "full"):
        return Choice("compiled", "a compiled loop exists for this cell and these options")
    why = compiled or packs_in_vain
    if not aten:
        return Choice("aten", f"{why}; torch has a kernel for it")
    return Choice("reference", f"{why}; {aten}")


def _require_compiled(need: Need, choice: Choice) -> None:
    """Refuse what only the compiled loop can do."""
    if need.precision == "bfloat16":
        raise BackendError(
            f"precision='bfloat16' needs the compiled loop, but this would run on {choice.path} "
            f"({choice.reason}); use precision='full'"
            + (", or torch.autocast" if need.device != "cpu" else "")
        )
    if need.checkpoint:
        raise BackendError(
            f"checkpoint_every needs the compiled loop, but this would run on {choice.path} "
            f"({choice.reason}); use checkpoint_every=None"
        )


def _multiplies_bfloat16(need: Need, bfloat16_kernels: bool) -> bool:
    if need.precision == "full":
        return False
    if bfloat16_kernels and need.dtype == torch.float32:
        return True
    if need.precision == "bfloat16":
        raise BackendError(
            "precision='bfloat16' needs float32 weights and a processor with AVX512_BF16; these weights are "
            f"{need.dtype} and the kernels in use are {extension.kernels()}; use precision='full', or "
            "'auto' for bfloat16 where there is such a processor"
        )
    return False


def _compiled_obstacle(cell: Cell, need: Need, core: bool) -> str | None:
    """Say why the compiled loop cannot run this, or return None."""
    if not core:
        return "the compiled extension is absent"
    if need.device != "cpu":
        return f"the compiled loop runs on CPUs, not on {need.device}"
    if kind_of(cell) is None:
        return f"there is no compiled loop for {type(cell).__name__}"
    if need.autocast:
        return "autocast decides on its own dtypes, which the compiled loop does not take"
    if need.dtype not in (torch.float32, torch.float64):
        return f"the compiled loop takes float32 and float64, not {need.dtype}"
    if need.transforms.forward_mode:
        return "the compiled loop has no forward-mode derivative"
    if need.transforms.traced:
        return "torch.compile cannot trace the compiled loop inside a transform of torch.func"
    if need.skip:
        return f"the compiled loop has no skip connection through time (skip={need.skip})"
    if need.trace:
        return "the compiled loop does not show its inner states (trace)"
    return None


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
    if need.transforms.batched or need.transforms.traced:
        return "torch's loop has no batching rule for vmap"
    if need.transforms.forward_mode and (need.ragged or isinstance(cell, LSTM)):
        return "torch's LSTM and its packed rows have no forward-mode derivative"
    if need.ragged and need.device == "meta":
        return "torch does not pack ragged rows on the meta device"
    return None
