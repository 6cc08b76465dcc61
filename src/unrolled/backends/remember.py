"""A cache for answers that every pass needs and that depend on a few small values."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that caches its answers; its arguments must be hashable, and errors are not kept.

    The arrays of a pass push Python's own code out of the processor's caches, so that running it again costs
    more than timing it alone shows. torch.compile traces the function itself.
    """
    known = lru_cache(maxsize=4096)(function)

    @wraps(function)
    def recall(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.compiler.is_compiling():
            return function(*args, **kwargs)
        return known(*args, **kwargs)  # type: ignore[arg-type]

    return recall
