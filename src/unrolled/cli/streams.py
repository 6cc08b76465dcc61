"""Standard output and error that do not stop a command if the disk is full or the stream is closed."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

CLOSED = OSError(errno.EBADF, "it is closed")


class LossyStream:
    """A text stream that drops text if writing fails, and remembers the first error.

    With it, a training continues if the disk of its output is full. A closed pipe still raises
    ``BrokenPipeError``. Characters that the stream's encoding does not have are replaced by ``?``.

    Args:
        inner: stream to write to.
        closed: True to replace a stream that was closed before Python started.
    """

    def __init__(self, inner: TextIO, *, closed: bool = False) -> None:
        self.failure: OSError | None = None
        self.replaced = 0
        """Number of replaced letters and digits. Table lines and other symbols are not counted."""
        self._inner, self._closed = inner, closed

    def write(self, text: str) -> int:
        """Write text and return its length."""
        if self._closed and text:
            self.failure = CLOSED
        if self.failure is None:
            with self._remember_failure():
                try:
                    self._inner.write(text)
                except UnicodeEncodeError:
                    self._inner.write(self._replace_unencodable(text))
        return len(text)

    def _replace_unencodable(self, text: str) -> str:
        encoding = self._inner.encoding or "ascii"
        encodable = text.encode(encoding, "replace").decode(encoding)
        self.replaced += sum(a != b and a.isalnum() for a, b in zip(text, encodable, strict=False))
        return encodable

    def flush(self) -> None:
        """Write the buffered text."""
        if self.failure is None:
            with self._remember_failure():
                self._inner.flush()

    def finish(self) -> None:
        """Write the buffered text, and make sure that Python's own flush at exit cannot fail."""
        with contextlib.suppress(BrokenPipeError):  # the reader has closed the pipe
            self.flush()
        if self.failure is not None:
            with open(os.devnull, "w") as devnull:
                os.dup2(devnull.fileno(), self._inner.fileno())

    @contextlib.contextmanager
    def _remember_failure(self) -> Iterator[None]:
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
    """Replace standard output and error by :class:`LossyStream`; yield standard output."""
    with contextlib.ExitStack() as stack:
        out, err = _lossy(sys.stdout, stack), _lossy(sys.stderr, stack)
        stack.callback(out.finish)
        stack.callback(err.finish)
        stack.enter_context(contextlib.redirect_stdout(cast(TextIO, out)))
        stack.enter_context(contextlib.redirect_stderr(cast(TextIO, err)))
        yield out


def _lossy(stream: TextIO | None, stack: contextlib.ExitStack) -> LossyStream:
    if stream is not None:
        return LossyStream(stream)
    # Otherwise the next opened file would get the file descriptor of the closed stream.
    return LossyStream(stack.enter_context(open(os.devnull, "w", encoding="utf-8")), closed=True)
