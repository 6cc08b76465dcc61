"""Every error that this package raises on purpose, as one tree.

Each message says what was wrong, where, and what to do about it.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "UnrolledError",
    "ConfigError",
    "ShapeError",
    "BackendError",
    "DataError",
    "RunError",
    "NonFiniteError",
    "MissingExtraError",
]


def __dir__() -> list[str]:
    return sorted(__all__)


LONGEST_PATH = 400
"""Characters of a path that a message shows."""


class UnrolledError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(UnrolledError, ValueError):
    """An option is unknown, has the wrong type, or contradicts another one."""


class ShapeError(UnrolledError, ValueError, RuntimeError):
    """A tensor does not have the shape that a layer needs.

    torch raises ValueError for some of these and RuntimeError for others; code that catches either works.
    """


class BackendError(UnrolledError, RuntimeError):
    """The path asked for cannot run this layer on this input."""


class DataError(UnrolledError, ValueError):
    """A file or text cannot be used as it is."""


class RunError(UnrolledError, RuntimeError):
    """A run folder is missing, damaged, of another format, or would be overwritten."""


class NotFittedError(RunError):
    """A model is asked for something before it was trained."""


class NonFiniteError(UnrolledError, ArithmeticError):
    """The loss or a gradient became infinite or not a number."""


class MissingExtraError(UnrolledError, ImportError):
    """A package is needed that only an extra of this package installs."""


def suggestion(wrong: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known name, or nothing.

    Args:
        wrong: what was given.
        known: names that there are.
        cutoff: how like they must be, from 0 to 1.
    """
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=cutoff)
    return f" (did you mean {near[0]!r}?)" if near else ""


def shown_path(path: object) -> str:
    """Return a path for a message: one that is too long to be a name loses its middle, never its end."""
    text = str(path)
    return text if len(text) <= LONGEST_PATH else f"{text[: LONGEST_PATH // 2]}…{text[-LONGEST_PATH // 2 :]}"
