"""Printing of tables to a terminal, a file or a pipe."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

UNBOUNDED = 100_000
"""Width, in characters, assumed for a file or pipe."""


def print_table(table: Table, console: Console) -> None:
    """Print a table without truncating any cell.

    On a terminal, long cells wrap to the next line. Elsewhere the title and each row take exactly one line,
    however long, so that programs can search the output.
    """
    if console.is_terminal:
        for column in table.columns:
            column.overflow = "fold"
        console.print(table, soft_wrap=False, no_wrap=False, overflow="fold", crop=False)
        return
    if table.title:
        console.print(table.title, style="table.title", soft_wrap=True)
        table.title = None
    options = console.options.update(width=UNBOUNDED)
    table.width = Measurement.get(console, options, table).maximum
    width, console.width = console.width, table.width
    console.print(table, soft_wrap=False, crop=False)
    console.width = width
