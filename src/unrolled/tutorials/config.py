"""Lessons as data, and the configuration of their size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrolled.config import require_at_least

if TYPE_CHECKING:
    from unrolled.tutorials.script import Script

MIN_DISTANCE = 10
"""Smallest distance in steps: over shorter ones, the effects are not visible."""


@dataclass(frozen=True)
class LessonConfig:
    """Size of a lesson's experiment.

    Raises:
        ConfigError: if a size is too small to show an effect.
    """

    distance: int = 100
    """Steps between the symbol and the answer; in the memory lesson, the longest distance."""

    hidden: int = 64
    """Units of each network."""

    updates: int = 400
    """Maximum number of updates of each training; it stops earlier if the problem is solved."""

    seed: int = 0
    """Seed of the initial weights and of the sequences."""

    threads: int = 0
    """CPU threads; 0 uses the free cores. The same number gives identical results."""

    def __post_init__(self) -> None:
        at_least = {"distance": MIN_DISTANCE, "hidden": 2, "updates": 1, "seed": 0, "threads": 0}
        require_at_least(self, at_least)


@dataclass(frozen=True)
class Lesson:
    """A lesson: its names, its default size, and the function that runs it."""

    word: str
    """Name of the lesson, as in ``unrolled learn WORD``."""
    shows: str
    """Short description, for the list of lessons."""
    title: str
    subtitle: str
    config: LessonConfig
    """Default size of the experiment."""
    teach: Callable[["Script", LessonConfig], None]
    """Runs the experiment and presents it through the script."""
