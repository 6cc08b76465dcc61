"""Spinner and progress bars for reading and scoring; shown only on a terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from unrolled.terminal import Terminal

ProgressCallback = Callable[[int], None]
"""Function that reports how many more items are done."""


def ignore_progress(count: int) -> None:
    """Ignore the report."""


@contextlib.contextmanager
def spinner(text: str, *, shown: bool) -> Iterator[None]:
    """Show a spinner for work of unknown length."""
    console = Terminal(file=sys.stderr)
    if not shown or not console.is_interactive:
        yield
        return
    with console.status(escape(text)):
        yield


@contextlib.contextmanager
def counting_bar(text: str, total: int, *, shown: bool) -> Iterator[ProgressCallback]:
    """Show a bar of how much of ``total`` is done; yield the function that advances it."""
    console = Terminal(file=sys.stderr)
    if not shown or not console.is_interactive:
        yield lambda count: None
        return
    columns = TextColumn(text), BarColumn(), TextColumn("{task.completed:,}"), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=total)
        yield lambda count: bar.advance(task, count)


@contextlib.contextmanager
def staged_bar(*, shown: bool) -> Iterator[Callable[[str], None]]:
    """Show the current stage and the elapsed time; yield the function that sets the next stage."""
    console = Terminal(file=sys.stderr)
    if not shown or not console.is_interactive:
        yield lambda stage: None
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting")
        yield lambda stage: bar.update(task, description=stage)
