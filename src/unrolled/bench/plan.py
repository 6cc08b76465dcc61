"""What is to be measured: groups of tasks, so that whoever shows it knows what comes and how much of it."""

from collections.abc import Callable
from dataclasses import dataclass

from unrolled.bench.ceiling import Rates
from unrolled.bench.result import Result


@dataclass(frozen=True)
class Task:
    """One comparison that is still to be made."""

    label: str
    run: Callable[[Rates], Result]
    """Makes it, with what measures the ceiling in turn."""


@dataclass(frozen=True)
class Group:
    """Comparisons that stand in one table."""

    title: str
    peer: str
    """What the other side is called at the head of its column."""
    tasks: tuple[Task, ...]
    note: str = ""
    """Stands below the table."""
