"""All errors that this package raises on purpose, in one class hierarchy.

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
    "ProgramError",
    "StreamError",
    "ExportError",
    "MissingExtraError",
]


def __dir__() -> list[str]:
    return sorted(__all__)


LONGEST_PATH = 400
"""Longest path that a message shows in full, in characters."""


class UnrolledError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(UnrolledError, ValueError):
    """An option is unknown, has the wrong type, or contradicts another one."""


class ShapeError(UnrolledError, ValueError, RuntimeError):
    """A tensor does not have the shape that a layer needs.

    torch raises ValueError for some of these errors and RuntimeError for others; code that catches either
    works.
    """


class BackendError(UnrolledError, RuntimeError):
    """The requested backend cannot run this layer on this input."""


class DataError(UnrolledError, ValueError):
    """A file or text cannot be used."""


class RunError(UnrolledError, RuntimeError):
    """A run folder is missing, damaged, in another format, or would be overwritten."""


class NotFittedError(RunError):
    """A method that needs a trained model was called before training."""


class NonFiniteError(UnrolledError, ArithmeticError):
    """The loss or a gradient became infinite or not a number."""


class ProgramError(UnrolledError, NotImplementedError):
    """The step of a cell cannot be written as a step program, which the runtime and the exports need."""


class StreamError(UnrolledError, RuntimeError):
    """A stream cannot do this now: another thread uses it, or it has not made a step yet."""


class ExportError(UnrolledError, NotImplementedError):
    """The model cannot be written in the requested format."""


class MissingExtraError(UnrolledError, ImportError):
    """An optional dependency is missing; an extra of this package installs it."""


def suggestion(wrong: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest known name, or "" if none is close.

    Args:
        wrong: the name that was not found.
        known: the valid names.
        cutoff: minimum similarity, from 0 to 1.
    """
    matches = difflib.get_close_matches(wrong, list(known), n=1, cutoff=cutoff)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def shorten_path(path: object) -> str:
    """Return a path for a message; the middle of a very long path is left out."""
    text = str(path)
    return text if len(text) <= LONGEST_PATH else f"{text[: LONGEST_PATH // 2]}…{text[-LONGEST_PATH // 2 :]}"
