"""Choice of the backend that runs a layer, with the reason.

The backends in :data:`BACKENDS` are tried in order, and each one decides whether it can run the layer. There
is no silent fallback: every choice carries its reason.
"""

from typing import TYPE_CHECKING, Literal, get_args

import torch

from unrolled import extension
from unrolled.backends.aten import Aten
from unrolled.backends.base import Backend, Choice, Precision, Requirements
from unrolled.backends.cached import cached
from unrolled.backends.compiled import Compiled
from unrolled.backends.reference import Reference
from unrolled.cells import Cell
from unrolled.errors import BackendError

BACKENDS: tuple[Backend, ...] = (Compiled(), Aten(), Reference())
"""All backends, the fastest first; the last one can run everything."""
AUTO = "auto"
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

if TYPE_CHECKING:
    BackendName = str
else:
    BackendName = Literal[(AUTO, *(b.name for b in BACKENDS))]  # the command line lists the names


def choose(backend: BackendName, cell: Cell, requirements: Requirements) -> Choice:
    """Return the backend of one layer.

    Args:
        backend: name of a backend, or ``"auto"`` for the first one that can run the layer and has no
            drawback.
        cell: cell of the layer.
        requirements: requirements of the pass.

    Raises:
        BackendError: if the named backend cannot run the layer, or no backend can.
    """
    return _choose(backend, cell, requirements, extension.core is not None, extension.bfloat16_kernels)


@cached
def _choose(backend: BackendName, cell: Cell, requirements: Requirements, *extension_state: bool) -> Choice:
    """Choose a backend; the state of the extension is an argument, since the cached result depends on it."""
    check_backend(backend)
    if backend == AUTO:
        return _choose_first(cell, requirements)
    return _choose_by_name(backend, cell, requirements)


def _choose_first(cell: Cell, requirements: Requirements) -> Choice:
    """Return the first backend that can run the cell without a drawback, and why not those before it."""
    reasons: list[str] = []
    for backend in BACKENDS:
        objection = backend.unsupported_reason(cell, requirements) or backend.drawback(requirements)
        if objection is None:
            if backend.auto_reason:
                reasons.append(backend.auto_reason)
            return backend.make_choice(requirements, _join_reasons(reasons))
        reasons.append(objection)
    raise BackendError(f"no backend can run this layer: {_join_reasons(reasons)}")


def _join_reasons(reasons: list[str]) -> str:
    text = reasons[0] if reasons else ""
    for reason in reasons[1:]:  # torch.compile traces this, but not str.join
        text = f"{text}; {reason}"
    return text


def _choose_by_name(name: str, cell: Cell, requirements: Requirements) -> Choice:
    """Return the backend with this name; raise BackendError if it cannot run the cell."""
    index = _names().index(name)
    backend = BACKENDS[index]
    reason = backend.unsupported_reason(cell, requirements)
    if reason:
        *others, last = (repr(other) for other in (AUTO, *_names()[index + 1 :]))
        raise BackendError(f"backend={name!r}: {reason}; use backend={', '.join(others)} or {last}")
    return backend.make_choice(requirements, "requested")


def _names() -> list[str]:
    return [backend.name for backend in BACKENDS]


def check_backend(backend: str) -> None:
    """Raise BackendError for a backend that does not exist."""
    choices = [AUTO, *_names()]
    if backend not in choices:
        raise BackendError(f"backend={backend!r} is not one of {', '.join(choices)}")


def check_precision(precision: str) -> None:
    """Raise BackendError for a precision that does not exist."""
    if precision not in PRECISIONS:
        raise BackendError(f"precision={precision!r} is not one of {', '.join(PRECISIONS)}")


def resolve_precision(precision: Precision, dtype: torch.dtype) -> Literal["full", "bfloat16"]:
    """Return the precision, with ``"auto"`` replaced by its meaning on this processor."""
    if precision != "auto":
        return precision
    return "bfloat16" if extension.bfloat16_kernels and dtype == torch.float32 else "full"
