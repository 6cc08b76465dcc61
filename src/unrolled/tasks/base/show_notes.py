"""Choices that data made, shown to the user."""

import sys
from collections.abc import Iterable

from unrolled.visible import visible


def show_notes(notes: Iterable[str]) -> None:
    """Print each note as a line on standard error."""
    for note in notes:
        print(visible(note), file=sys.stderr)
