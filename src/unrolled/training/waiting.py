"""What a person sees while text is read or scored: a spinner or a bar, on a terminal only."""

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

Report = Callable[[int], None]
"""Is told how many tokens more are done."""


def silent(count: int) -> None:
    """Report nothing."""


@contextlib.contextmanager
def spinner(text: str, *, shown: bool) -> Iterator[None]:
    """Show that something is under way whose length is not known."""
    console = Terminal(file=sys.stderr)
    if not shown or not console.is_interactive:
        yield
        return
    with console.status(escape(text)):
        yield


@contextlib.contextmanager
def counting_bar(text: str, total: int, *, shown: bool) -> Iterator[Report]:
    """Show how much of ``total`` is done; yields the function to report to."""
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
    """Show which of several stages is under way and for how long; yields the function to tell of the next."""
    console = Terminal(file=sys.stderr)
    if not shown or not console.is_interactive:
        yield lambda what: None
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting")
        yield lambda what: bar.update(task, description=what)
