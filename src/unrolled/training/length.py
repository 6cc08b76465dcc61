"""Old module of the limits of a training: they are in :mod:`unrolled.training.stopping` now."""

from typing import Any

from unrolled.renamed import warn_renamed
from unrolled.training import stopping

_NAMES = {"NewEnd": "NewLimits", "Length": "StoppingCriterion"}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    warn_renamed(f"{__name__}.{name}", f"unrolled.training.stopping.{_NAMES[name]}")
    return getattr(stopping, _NAMES[name])
