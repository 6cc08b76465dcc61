"""Standard output and standard error that cannot stop a command: a full disk, or a stream that is closed."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

CLOSED = OSError(errno.EBADF, "it is closed")


class LossyStream:
    """A stream that drops what cannot be written and remembers why.

    A training goes on when its output no longer fits on a disk. A reader that went away is still an error
    (``BrokenPipeError``). Characters that the stream's encoding lacks are replaced by ``?``.

    Args:
        inner: where the text goes.
        closed: whether it stands in for a stream that was closed before Python started.
    """

    def __init__(self, inner: TextIO, *, closed: bool = False) -> None:
        self.failure: OSError | None = None
        self.replaced = 0
        """Letters and digits that the encoding lacks; lines of tables and the like are not counted."""
        self._inner, self._closed = inner, closed

    def write(self, text: str) -> int:
        """Write text; return its length."""
        if self._closed and text:
            self.failure = CLOSED
        if self.failure is None:
            with self._remembering():
                try:
                    self._inner.write(text)
                except UnicodeEncodeError:
                    self._inner.write(self._in_encoding(text))
        return len(text)

    def _in_encoding(self, text: str) -> str:
        encoding = self._inner.encoding or "ascii"
        kept = text.encode(encoding, "replace").decode(encoding)
        self.replaced += sum(a != b and a.isalnum() for a, b in zip(text, kept, strict=False))
        return kept

    def flush(self) -> None:
        """Write what is buffered."""
        if self.failure is None:
            with self._remembering():
                self._inner.flush()

    def settle(self) -> None:
        """Write what is buffered, and let Python find nothing wrong with the stream when it exits."""
        with contextlib.suppress(BrokenPipeError):  # whose reader wants no more
            self.flush()
        if self.failure is not None:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self._inner.fileno())

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            self.failure = failure
            if isinstance(failure, BrokenPipeError):
                raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextlib.contextmanager
def lossy_streams() -> Iterator[LossyStream]:
    """Let standard output and standard error be :class:`LossyStream`; yield standard output."""
    with contextlib.ExitStack() as opened:
        out, err = _lossy(sys.stdout, opened), _lossy(sys.stderr, opened)
        opened.callback(out.settle)
        opened.callback(err.settle)
        opened.enter_context(contextlib.redirect_stdout(cast(TextIO, out)))
        opened.enter_context(contextlib.redirect_stderr(cast(TextIO, err)))
        yield out


def _lossy(stream: TextIO | None, opened: contextlib.ExitStack) -> LossyStream:
    if stream is not None:
        return LossyStream(stream)
    # Without it the next file that is opened would get the number of the closed stream.
    return LossyStream(opened.enter_context(open(os.devnull, "w", encoding="utf-8")), closed=True)
