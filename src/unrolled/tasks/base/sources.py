"""Where data come from, as a configuration keeps it."""

import os
from pathlib import Path

from unrolled.data.commas import split_paths
from unrolled.errors import DataError

Source = str | Path | None
"""A file, a folder or a data set; None is what the configuration says."""

LONGEST_NAME = 255
"""Bytes in the name of a file, on the file systems in use."""


def is_path(value: object) -> bool:
    """Tell whether data are given as a file, a folder or a data set (True), or are the data (False).

    A ``Path`` is one, and a text that begins with ``@`` or names what exists. A text with a line break, or
    longer than the name of a file can be, is a text.

    Raises:
        DataError: if it is a short text that names nothing: it may be a wrong path or a text.
    """
    if isinstance(value, Path):
        return True
    if not isinstance(value, str) or "\n" in value:
        return False
    if value.startswith("@"):
        return True
    longest = max(map(len, os.fsencode(value).split(b"/")))
    if longest > LONGEST_NAME or "\0" in value:
        return False
    if os.path.lexists(value):
        return True
    raise DataError(
        f"{value!r:.200}: no such file or folder; to give a text itself, put it into a list: [text]"
    )


def absolute(source: str | Path) -> str:
    """Return a path as absolute, so that a run can be resumed from anywhere; names of data sets stay.

    Of ``LABEL=FILE,LABEL=FILE`` every file becomes absolute.
    """
    text = str(source)
    if not text or text.startswith("@"):
        return text
    if "=" in text and not os.path.exists(text):
        pairs = (pair.partition("=") for pair in split_paths(text))
        return ",".join(f"{label}={resolved(name)}" if name else label for label, _, name in pairs)
    return resolved(text)


def resolved(name: str) -> str:
    """Return the path of one file or folder as absolute, links followed.

    Raises:
        DataError: if it cannot be the name of a file.
    """
    try:
        return str(Path(name).resolve())
    except (ValueError, RuntimeError, OSError) as error:  # a null byte; links in a circle
        raise DataError(f"{name!r}: is not the name of a file ({error})") from None
