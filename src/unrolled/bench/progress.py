"""Progress bar of a group: shown on a terminal only."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from unrolled.terminal import Terminal


@contextlib.contextmanager
def group_bar(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar. Yields a function to call with the label of each task before the task begins."""
    console = Terminal(file=sys.stderr)
    if not console.is_interactive:
        yield lambda label: None
        return
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[label]}"),
        TimeElapsedColumn(),
    )
    # Refreshed only once a second: the drawing thread takes time from the measurement.
    with Progress(*columns, console=console, transient=True, refresh_per_second=1) as bar:
        bar_task = bar.add_task(title, total=total, label="")
        completed_tasks = 0

        def begin(label: str) -> None:
            nonlocal completed_tasks
            bar.update(bar_task, completed=completed_tasks, label=label)
            completed_tasks += 1

        yield begin
