"""Show notes (options chosen from the data, warnings about the data) to the user."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from unrolled.visible import escape_control_characters

_SHOWN = ContextVar[set[str] | None]("notes that were shown; None shows repeated notes again", default=None)


def show_notes(notes: Iterable[str]) -> None:
    """Print each note as a line on standard error."""
    shown = _SHOWN.get()
    for note in notes:
        if shown is not None:
            if note in shown:
                continue
            shown.add(note)
        print(escape_control_characters(note), file=sys.stderr)


@contextlib.contextmanager
def each_note_once() -> Iterator[None]:
    """Make :func:`show_notes` show each note once, even if several trainings on the same data repeat it."""
    token = _SHOWN.set(set())
    try:
        yield
    finally:
        _SHOWN.reset(token)
