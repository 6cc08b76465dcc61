"""What Ctrl-C says to the user of a command whose finished trainings are kept."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_when_stopped() -> Iterator[None]:
    """Tell on Ctrl-C that the same command goes on with the rest."""
    try:
        yield
    except KeyboardInterrupt:
        print("\nstopped; what is done stands, and the same command goes on with the rest", file=sys.stderr)
        raise
