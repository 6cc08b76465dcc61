"""What a person sees while a group is measured: a bar on a terminal, nothing elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from unrolled.terminal import Terminal


@contextlib.contextmanager
def group_bar(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar; yields a function to call with the name of each task before it begins."""
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
    # Drawn once a second: the thread that draws takes its time from what is measured.
    with Progress(*columns, console=console, transient=True, refresh_per_second=1) as bar:
        shown = bar.add_task(title, total=total, label="")
        begun = 0

        def begin(label: str) -> None:
            nonlocal begun
            bar.update(shown, completed=begun, label=label)
            begun += 1

        yield begin
