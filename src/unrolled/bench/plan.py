"""The plan of a benchmark: groups of tasks."""

from collections.abc import Callable
from dataclasses import dataclass

from unrolled.bench.ceiling import Rates
from unrolled.bench.result import Result


@dataclass(frozen=True)
class Task:
    """One comparison to run."""

    label: str
    run: Callable[[Rates], Result]
    """Runs the comparison. Its argument has the functions that measure the ceiling between the timings."""


@dataclass(frozen=True)
class Group:
    """Comparisons that are printed in one table."""

    title: str
    peer: str
    """Name of the peer, for its column headings."""
    tasks: tuple[Task, ...]
    note: str = ""
    """Text below the table."""
