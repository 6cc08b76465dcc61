"""Safe printing of text from data and of file names: control characters are shown as codes.

Escape sequences could change the terminal's title, the clipboard, or lines that are already printed.
Characters that a terminal interprets are printed as codes instead (``\\x1b``), whether the output goes to a
terminal, a pipe or a file. Files written by ``--out`` options contain the exact text.
"""

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

_STYLE = r"\x1b\[[0-9;]*m"
_CONTROL = re.compile(
    r"\r(?!\n)|"  # a carriage return inside a line overwrites the line
    "[\x00-\x08\x0b\x0e-\x1f"  # control characters except tab, line feed and form feed
    "\x7f-\x9f"  # delete, and the second set of control characters
    "\u202a-\u202e\u2066-\u2069"  # change of the writing direction
    "\ud800-\udfff]"  # bytes of a file name that are not UTF-8
)


def escape_control_characters(text: str) -> str:
    """Return a text with terminal control characters written as codes, ``\\x1b`` or ``\\u202e``."""
    return _CONTROL.sub(_escape_code, text)


class VisibleStream(io.TextIOBase):
    """Text stream that passes everything written to it through :func:`escape_control_characters`.

    Args:
        inner: the stream that receives the text.
        styles: let escape sequences for colours and text styles pass.
    """

    def __init__(self, inner: TextIO, *, styles: bool = False) -> None:
        self.rich_proxied_file = inner
        """Rich looks for the underlying stream under this name."""
        self._styles = styles

    def write(self, text: str) -> int:
        """Write text; return its length."""
        parts = re.split(f"({_STYLE})", text) if self._styles else [text]
        self.rich_proxied_file.write(
            "".join(p if i % 2 else escape_control_characters(p) for i, p in enumerate(parts))
        )
        return len(text)

    def __getattribute__(self, name: str) -> Any:
        if name in _INNER_ATTRIBUTES:
            return getattr(self.rich_proxied_file, name)
        return super().__getattribute__(name)


_INNER_ATTRIBUTES = {"buffer", "encoding", "errors", "fileno", "flush", "isatty", "newlines"}


@contextlib.contextmanager
def visible_output() -> Iterator[None]:
    """Context manager: wrap standard output and standard error in :class:`VisibleStream`."""
    out, err = (cast(TextIO, VisibleStream(stream)) for stream in (sys.stdout, sys.stderr))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield


@contextlib.contextmanager
def styled_output() -> Iterator[None]:
    """Context manager: let a library write its own colours to standard output, such as in help texts."""
    inner = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
    with contextlib.redirect_stdout(cast(TextIO, VisibleStream(inner, styles=True))):
        yield


def _escape_code(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
