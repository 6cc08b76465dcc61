"""Checks that a path is a regular file rather than a pipe, device or folder."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from unrolled.errors import RunError


def require_regular_file(path: Path) -> None:
    """Check that a path in an owned folder, if it exists, is a regular file.

    Opening a pipe could block forever. Links are followed. A missing or inaccessible file passes;
    opening it raises the error.

    Raises:
        RunError: if the path is a pipe, a device, a socket or a folder.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    _require_file(path, status)


def check_replaceable(folder: Path, names: Iterable[str]) -> None:
    """Check that writing files such as ``"plots/curves.png"`` to a folder replaces only files and links.

    Raises:
        RunError: if one of the names is a pipe, a device, a socket or a folder.
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
