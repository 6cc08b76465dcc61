"""Atomic writes: a file is replaced completely or not at all."""

import contextlib
import errno
import os
import re
import secrets
import stat
from pathlib import Path

from unrolled.errors import RunError

UNFINISHED = re.compile(r"\.unrolled-[0-9a-f]{16}\.tmp")
"""Names of temporary files. No other program uses them, so leftovers of a killed process can be removed."""
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a temporary file in the same folder, flush it to disk, rename it and flush the folder.

    The new file keeps the permissions of the file that it replaces, and its owner if the system allows it. A
    symbolic link is replaced, never followed. Pipes, devices and folders are not replaced. For a file that
    the user names, see :func:`unrolled.storage.output.write_output`.

    Raises:
        RunError: if the file cannot be written. The file at ``path`` is then unchanged.
    """
    temporary = path.with_name(f".unrolled-{secrets.token_hex(8)}.tmp")
    try:
        try:
            _write_new(temporary, data, _get_replaced_status(path))
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):  # the temporary file may not exist yet
                os.unlink(temporary)
            raise
    except OSError as error:
        raise _write_error(path, error) from error
    try:
        _sync_folder(path.parent)
    except OSError as error:
        raise RunError(
            f"{path}: was written, but its folder could not be flushed to disk ({error.strerror})"
        ) from error


def _get_replaced_status(path: Path) -> os.stat_result | None:
    """Return the status of the regular file at a path; None for a link or a missing file.

    Raises:
        RunError: if the path is anything else, such as a folder or a pipe.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise RunError(f"{path}: is not a regular file and is not replaced; move it away")
    return status


def _write_new(path: Path, data: bytes, like: os.stat_result | None) -> None:
    """Create a file with the permissions of ``like``, or default ones; at no time are they wider."""
    mode = stat.S_IMODE(like.st_mode) if like else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, mode & 0o666)
    with os.fdopen(handle, "wb") as file:
        if like is not None:
            if hasattr(os, "fchown") and (like.st_uid, like.st_gid) != _owner(file.fileno()):
                with contextlib.suppress(PermissionError):  # only root may change the owner
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.chmod(path, mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _owner(handle: int) -> tuple[int, int]:
    status = os.fstat(handle)
    return status.st_uid, status.st_gid


def _sync_folder(folder: Path) -> None:
    """Flush a rename to disk, on systems that support it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def _write_error(path: Path, error: OSError) -> RunError:
    if not os.path.isdir(path.parent):
        return RunError(f"{path}: the folder {path.parent} does not exist")
    unchanged = f"; the earlier {path.name} is unchanged" if os.path.lexists(path) else ""
    return RunError(
        f"{path}: could not be written ({error.strerror}){unchanged}; free disk space or fix the "
        "permissions, then try again"
    )
