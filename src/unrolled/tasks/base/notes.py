"""Notes about how data were read, on the screen."""

import sys
from collections.abc import Iterable

from unrolled.visible import visible


def print_notes(notes: Iterable[str]) -> None:
    """Print a line for each note to standard error."""
    for note in notes:
        print(visible(note), file=sys.stderr)
