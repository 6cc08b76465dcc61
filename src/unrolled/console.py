"""Tables in the terminal, and in a file or pipe that has no width."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

UNBOUNDED = 100_000
"""Columns of an output that has no width."""


def print_table(table: Table, console: Console) -> None:
    """Print a table with nothing cut off.

    On a terminal, cells that are too long continue on the next line. Elsewhere the title and each row are one
    line, however long, so that a program can search the output.
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
