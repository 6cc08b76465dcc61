"""A cache for functions of a few small values whose results every pass needs."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Cache the results of a function with hashable arguments; exceptions are not cached.

    The arrays of a pass push Python's own code out of the processor's caches, so running the function again
    costs more than a benchmark of the function alone shows. torch.compile traces the uncached function.
    """
    with_cache = lru_cache(maxsize=4096)(function)

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.compiler.is_compiling():
            return function(*args, **kwargs)
        return with_cache(*args, **kwargs)  # type: ignore[arg-type]

    return wrapper
