"""Run a command so that errors become one line and an exit status."""

import sys
from collections.abc import Callable

from unrolled.cli import INTERRUPTED
from unrolled.cli.spelling import spell_options
from unrolled.cli.streams import lossy_streams
from unrolled.errors import UnrolledError
from unrolled.visible import visible_output
from unrolled.wording import counted

_NO_MEMORY = ("allocate memory", "out of memory", "Storage size calculation overflowed", "array is too big")
"""Parts of the messages of torch (RuntimeError) and NumPy (ValueError) for a tensor that is too large."""


def run_guarded(run: Callable[[], int]) -> int:
    """Run a command and return its exit status.

    If standard output cannot be written, an error is printed after the command has finished.
    """
    with lossy_streams() as out, visible_output():
        try:
            status = _run_command(run)
            out.flush()
        except BrokenPipeError:  # the reader of our output (a pager, head) has closed the pipe
            return 1
        if out.replaced:
            print(
                f"note: '?' replaces {counted(out.replaced, 'letter')} that {out.encoding} cannot encode; "
                "for the right output, set PYTHONIOENCODING=utf-8",
                file=sys.stderr,
            )
        if out.failure is None or status:
            return status
        return _print_error(f"standard output: could not be written ({out.failure.strerror or out.failure})")


def _run_command(run: Callable[[], int]) -> int:
    try:
        return run()
    except SystemExit as exit_request:
        if exit_request.code:
            raise
        return 0  # tyro exits after --help
    except UnrolledError as error:
        return _print_error(spell_options(str(error)))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        return _print_error("out of memory; give less data, or a smaller model or batch")
    except (RuntimeError, ValueError) as error:
        message = str(error)
        if not any(words in message for words in _NO_MEMORY):
            raise
        return _print_error(
            f"out of memory ({message.splitlines()[0]}); give less data, or a smaller model or batch"
        )


def _print_error(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1
