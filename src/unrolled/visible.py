"""Text of data and names of files as a person sees it: it cannot steer the terminal.

Escape sequences could change the title of the terminal, the clipboard, or lines printed before. Characters
that a terminal obeys are shown by their codes instead (``\\x1b``), whether output goes to a terminal, a pipe
or a file. ``--out`` options write text exactly.
"""

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

_STYLE = r"\x1b\[[0-9;]*m"
_OBEYED = re.compile(
    r"\r(?!\n)|"  # a return that does not end a line goes back and writes over it
    "[\x00-\x08\x0b\x0e-\x1f"  # control characters but tab, line feed and form feed
    "\x7f-\x9f"  # delete, and the second set of control characters
    "\u202a-\u202e\u2066-\u2069"  # they turn the direction of what follows
    "\ud800-\udfff]"  # bytes of a file name that is not UTF-8
)


def visible(text: str) -> str:
    """Return a text with the characters that a terminal obeys written as ``\\x1b`` or ``\\u202e``."""
    return _OBEYED.sub(_code, text)


class VisibleStream(io.TextIOBase):
    """A stream for people: what is written to it is :func:`visible`.

    Args:
        inner: where the text goes.
        styles: whether colours and the like, written as escape sequences, are passed.
    """

    def __init__(self, inner: TextIO, *, styles: bool = False) -> None:
        self.rich_proxied_file = inner
        """By this name rich finds the stream that it may style."""
        self._styles = styles

    def write(self, text: str) -> int:
        """Write text; return its length."""
        parts = re.split(f"({_STYLE})", text) if self._styles else [text]
        self.rich_proxied_file.write("".join(p if i % 2 else visible(p) for i, p in enumerate(parts)))
        return len(text)

    def __getattribute__(self, name: str) -> Any:
        if name in _OF_INNER:
            return getattr(self.rich_proxied_file, name)
        return super().__getattribute__(name)


_OF_INNER = {"buffer", "encoding", "errors", "fileno", "flush", "isatty", "newlines"}


@contextlib.contextmanager
def visible_output() -> Iterator[None]:
    """Let standard output and standard error be :class:`VisibleStream`."""
    out, err = (cast(TextIO, VisibleStream(stream)) for stream in (sys.stdout, sys.stderr))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield


@contextlib.contextmanager
def styled_output() -> Iterator[None]:
    """Let a library that colours by itself write to standard output, as its help."""
    inner = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
    with contextlib.redirect_stdout(cast(TextIO, VisibleStream(inner, styles=True))):
        yield


def _code(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
