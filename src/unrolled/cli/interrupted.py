"""Message after Ctrl-C for commands that keep finished trainings."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def explain_interrupt() -> Iterator[None]:
    """On Ctrl-C, print that the same command continues with the remaining trainings."""
    try:
        yield
    except KeyboardInterrupt:
        print(
            "\nstopped; finished trainings are kept, and the same command continues with the rest",
            file=sys.stderr,
        )
        raise
