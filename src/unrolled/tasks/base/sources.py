"""Data sources: files, folders and data sets, as they are stored in a configuration."""

import os
from pathlib import Path

from unrolled.data.path_lists import split_paths
from unrolled.errors import DataError

Source = str | Path | None
"""A file, a folder or a data set; None takes the one in the configuration."""

LONGEST_NAME = 255
"""Maximum length of a file name in bytes, on common file systems."""


def is_path(value: object) -> bool:
    """Return whether a value names a file, a folder or a data set (True), or is the data itself (False).

    A name is a ``Path``, a string that begins with ``@``, or an existing path. A string with a line break, or
    one too long for a file name, is data.

    Raises:
        DataError: if it is a short string and no such path exists: it may be a wrong path or a text.
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


def make_absolute(source: str | Path) -> str:
    """Make a path absolute, so that the run resumes from any directory; names of data sets do not change.

    In ``LABEL=FILE,LABEL=FILE`` every file is made absolute.
    """
    text = str(source)
    if not text or text.startswith("@"):
        return text
    if "=" in text and not os.path.exists(text):
        pairs = (pair.partition("=") for pair in split_paths(text))
        return ",".join(f"{label}={resolve_path(name)}" if name else label for label, _, name in pairs)
    return resolve_path(text)


def resolve_path(name: str) -> str:
    """Return the absolute path of one file or folder, with links resolved.

    Raises:
        DataError: if it is not a valid path.
    """
    try:
        return str(Path(name).resolve())
    except (ValueError, RuntimeError, OSError) as error:  # a null byte; a loop of links
        raise DataError(f"{name!r}: is not the name of a file ({error})") from None
