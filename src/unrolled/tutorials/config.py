"""The size of a guided experiment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrolled.config import require_at_least

if TYPE_CHECKING:
    from unrolled.tutorials.script import Script

SHORTEST = 10
"""Steps; over fewer there is nothing to see."""


@dataclass(frozen=True)
class LessonConfig:
    """How large the experiment is.

    Raises:
        ConfigError: if it is too small to show anything.
    """

    distance: int = 100
    """Steps that the answer lies back."""

    hidden: int = 64
    """Units of each network."""

    updates: int = 400
    """Updates of each training at most; it stops when the problem is solved."""

    seed: int = 0
    """Of the random starts and of the sequences."""

    threads: int = 0
    """CPU threads; 0 takes those that are free. The same number gives the same bits."""

    def __post_init__(self) -> None:
        at_least = {"distance": SHORTEST, "hidden": 2, "updates": 1, "seed": 0, "threads": 0}
        require_at_least(self, at_least)


@dataclass(frozen=True)
class Lesson:
    """A guided experiment."""

    word: str
    """Its name in ``unrolled learn WORD``."""
    shows: str
    """Its line in the list of lessons."""
    title: str
    subtitle: str
    config: LessonConfig
    """Its usual size."""
    teach: Callable[["Script", LessonConfig], None]
    """Runs the experiment and tells it."""
