"""Checks that a path is a regular file rather than a pipe, device or folder."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from unrolled.errors import RunError


def require_regular(path: Path) -> None:
    """Check that an existing path in an owned folder is a regular file, because opening a pipe may block
    forever.

    Links are followed. A missing or inaccessible file passes; opening it raises the error.

    Raises:
        RunError: if the path is a pipe, a device, a socket or a folder.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    _require_file(path, status)


def check_replaceable(folder: Path, names: Iterable[str]) -> None:
    """Check that only files and links would be replaced by names such as ``"plots/curves.png"`` in a folder.

    Raises:
        RunError: if a name is that of a pipe, a device, a socket or a folder.
    """
    for name in names:
        try:
            status = os.lstat(folder / name)
        except OSError:  # missing, or writing it raises the error
            continue
        if not stat.S_ISLNK(status.st_mode):
            _require_file(folder / name, status)


def _require_file(path: Path, status: os.stat_result) -> None:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "named pipe" if stat.S_ISFIFO(mode) else "device or socket"
        raise RunError(f"{path}: is a {kind}, where a file of unrolled belongs; move it away")
