"""Answers that every pass asks for and that depend on a few small things."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that remembers its answers; its arguments are hashable, and errors are not kept.

    After the arrays of a pass have gone through the processor's caches, Python's own code comes from afar:
    what need not run again is worth more than it looks. torch.compile traces the function itself.
    """
    known = lru_cache(maxsize=4096)(function)

    @wraps(function)
    def recall(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.compiler.is_compiling():
            return function(*args, **kwargs)
        return known(*args, **kwargs)  # type: ignore[arg-type]

    return recall
