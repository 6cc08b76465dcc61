"""Pages that unrolled wrote, told apart from other files of the same name."""

from pathlib import Path

from unrolled.errors import RunError

_MARKS = (b'<meta name="generator" content="unrolled">', b"script-src 'unsafe-inline'; img-src data:")
"""What a page says of itself, in this version and in earlier ones."""


def check_report(path: Path) -> None:
    """Check that the page of an owned folder may be written, or replaced.

    Raises:
        RunError: if there is a file that unrolled did not write, or it cannot be read.
    """
    if path.is_symlink() or (path.exists() and not is_report(path)):
        raise RunError(f"{path}: was not written by unrolled; move it away, or give another --out")


def is_report(path: Path) -> bool:
    """Return whether a file is a page that unrolled wrote; a link is none.

    Raises:
        RunError: if it cannot be read.
    """
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(1000)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror})") from error
    return any(mark in head for mark in _MARKS)
