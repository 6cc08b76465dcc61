"""Regular files, told from the pipes, devices and folders that may have the name of one."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from unrolled.errors import RunError


def require_regular(path: Path) -> None:
    """Check that an existing file of an owned folder can be read: opening a pipe may wait for ever.

    Links are followed. What is missing, or cannot be looked at, is left to who opens it.

    Raises:
        RunError: if it is a pipe, a device, a socket or a folder.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    _refuse(path, status)


def check_replaceable(folder: Path, names: Iterable[str]) -> None:
    """Check that nothing but files and links would be replaced, as ``"plots/curves.png"`` in a folder.

    Raises:
        RunError: if a name is that of a pipe, a device, a socket or a folder.
    """
    for name in names:
        try:
            status = os.lstat(folder / name)
        except OSError:  # there is none, or writing says what is wrong
            continue
        if not stat.S_ISLNK(status.st_mode):
            _refuse(folder / name, status)


def _refuse(path: Path, status: os.stat_result) -> None:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "named pipe" if stat.S_ISFIFO(mode) else "device or socket"
        raise RunError(f"{path}: is a {kind}, where a file of unrolled belongs; move it away")
