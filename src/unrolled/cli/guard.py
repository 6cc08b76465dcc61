"""A command whose errors are one line and an exit status."""

import sys
from collections.abc import Callable

from unrolled.cli import INTERRUPTED
from unrolled.cli.spelling import as_typed
from unrolled.cli.streams import lossy_streams
from unrolled.errors import UnrolledError
from unrolled.visible import visible_output

_NO_MEMORY = ("allocate memory", "out of memory", "Storage size calculation overflowed", "array is too big")
"""What torch (RuntimeError) and NumPy (ValueError) say of a tensor that is too large."""


def guarded(run: Callable[[], int]) -> int:
    """Run a command; return its exit status.

    What can no longer be written to standard output is an error at the end, when the work is done.
    """
    with lossy_streams() as out, visible_output():
        try:
            status = _status(run)
            out.flush()
        except BrokenPipeError:  # the reader of our output went away (a pager, head): nothing more to say
            return 1
        if out.replaced:
            print(
                f"note: {out.replaced:,} letters that {out.encoding} lacks are shown as '?'; to see them set "
                "PYTHONIOENCODING=utf-8",
                file=sys.stderr,
            )
        if out.failure is None or status:
            return status
        return _failed(f"standard output: could not be written ({out.failure.strerror or out.failure})")


def _status(run: Callable[[], int]) -> int:
    try:
        return run()
    except SystemExit as leaving:
        if leaving.code:
            raise
        return 0  # --help of tyro
    except UnrolledError as error:
        return _failed(as_typed(str(error)))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        return _failed("out of memory; give less data, or a smaller model or batch")
    except (RuntimeError, ValueError) as error:
        said = str(error)
        if not any(words in said for words in _NO_MEMORY):
            raise
        return _failed(f"out of memory ({said.splitlines()[0]}); give less data, or a smaller model or batch")


def _failed(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1
