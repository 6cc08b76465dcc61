"""Recognising HTML reports written by unrolled, so that no other file is overwritten."""

from pathlib import Path

from unrolled.errors import RunError

_MARKS = (b'<meta name="generator" content="unrolled">', b"script-src 'unsafe-inline'; img-src data:")
"""Text that identifies a report, of this version and of earlier ones."""


def check_may_replace_report(path: Path) -> None:
    """Check that the report of an owned folder may be written or replaced.

    Raises:
        RunError: if the path is a link, was not written by unrolled, or cannot be read.
    """
    if path.is_symlink() or (path.exists() and not is_report(path)):
        raise RunError(f"{path}: was not written by unrolled; move it away, or give another --out")


def is_report(path: Path) -> bool:
    """Return whether a file is a report that unrolled wrote; False for a link.

    Raises:
        RunError: if the file cannot be read.
    """
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(1000)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror})") from error
    return any(mark in head for mark in _MARKS)
