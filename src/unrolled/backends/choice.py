"""The one place that decides which backend runs a layer, and says why.

It asks the backends of one list in turn; each answers for itself. Nothing falls back in silence: every choice
carries its reason.
"""

from typing import TYPE_CHECKING, Literal, get_args

import torch

from unrolled import extension
from unrolled.backends.aten import Aten
from unrolled.backends.base import Backend, Choice, Need, Precision
from unrolled.backends.compiled import Compiled
from unrolled.backends.reference import Reference
from unrolled.backends.remember import remembered
from unrolled.cells import Cell
from unrolled.errors import BackendError

BACKENDS: tuple[Backend, ...] = (Compiled(), Aten(), Reference())
"""The fastest first; the last runs everything."""
AUTO = "auto"
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

if TYPE_CHECKING:
    BackendName = str
else:
    BackendName = Literal[(AUTO, *(b.name for b in BACKENDS))]  # the command line lists them


def choose(backend: BackendName, cell: Cell, need: Need) -> Choice:
    """Return the backend of one layer.

    Args:
        backend: the name of one, or ``"auto"`` for the first that can and should run it.
        cell: of the layer.
        need: what the pass asks for.

    Raises:
        BackendError: if the backend asked for by name cannot run this, or none has what is needed.
    """
    return _choose(backend, cell, need, extension.core is not None, extension.bfloat16_kernels)


@remembered
def _choose(backend: BackendName, cell: Cell, need: Need, *extension_state: bool) -> Choice:
    """Choose; the answer depends on the state of the extension too, which is part of what is remembered."""
    check_backend(backend)
    return _first(cell, need) if backend == AUTO else _by_name(backend, cell, need)


def _first(cell: Cell, need: Need) -> Choice:
    """Return the first backend with neither obstacle nor drawback; the reason names those of the others."""
    reasons: list[str] = []
    for backend in BACKENDS:
        against = backend.obstacle(cell, need) or backend.drawback(need)
        if against is None:
            return backend.chosen(need, _listed([*reasons, backend.merit] if backend.merit else reasons))
        reasons.append(against)
    raise BackendError(f"no backend runs this layer: {_listed(reasons)}")


def _listed(reasons: list[str]) -> str:
    text = reasons[0] if reasons else ""
    for reason in reasons[1:]:  # torch.compile traces this, but not str.join
        text = f"{text}; {reason}"
    return text


def _by_name(name: str, cell: Cell, need: Need) -> Choice:
    """Return the backend that was asked for."""
    place = _names().index(name)
    backend = BACKENDS[place]
    obstacle = backend.obstacle(cell, need)
    if obstacle:
        *others, last = (repr(other) for other in (AUTO, *_names()[place + 1 :]))
        raise BackendError(f"backend={name!r}: {obstacle}; use backend={', '.join(others)} or {last}")
    return backend.chosen(need, "asked for")


def _names() -> list[str]:
    return [backend.name for backend in BACKENDS]


def check_backend(backend: str) -> None:
    """Raise BackendError for a backend that does not exist."""
    known = [AUTO, *_names()]
    if backend not in known:
        raise BackendError(f"backend={backend!r} is not one of {', '.join(known)}")


def check_precision(precision: str) -> None:
    """Raise BackendError for a precision that does not exist."""
    if precision not in PRECISIONS:
        raise BackendError(f"precision={precision!r} is not one of {', '.join(PRECISIONS)}")


def resolve_precision(precision: Precision, dtype: torch.dtype) -> Literal["full", "bfloat16"]:
    """Return what ``"auto"`` means on this processor."""
    if precision != "auto":
        return precision
    return "bfloat16" if extension.bfloat16_kernels and dtype == torch.float32 else "full"
