"""A file that is replaced as a whole or not at all."""

import contextlib
import errno
import os
import re
import secrets
import stat
from pathlib import Path

from unrolled.errors import RunError

UNFINISHED = re.compile(r"\.unrolled-[0-9a-f]{16}\.tmp")
"""Names of temporary files. No other program writes such names, so a leftover of a kill can be removed."""
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary name in the same folder, flush to disk, rename, flush the folder.

    A file that is replaced passes on its permissions, and its owner where the system allows that. A symbolic
    link is itself replaced, never followed; a pipe, a device or a folder is not replaced. For a file that the
    user names see :func:`unrolled.storage.output.write_output`.

    Raises:
        RunError: if it cannot be written; the file at ``path`` is then unchanged.
    """
    temporary = path.with_name(f".unrolled-{secrets.token_hex(8)}.tmp")
    try:
        try:
            _write_new(temporary, data, _replaced(path))
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):  # it may not have been made
                os.unlink(temporary)
            raise
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        _sync_folder(path.parent)
    except OSError as error:
        raise RunError(
            f"{path}: was written, but its folder could not be flushed to disk ({error.strerror})"
        ) from error


def _replaced(path: Path) -> os.stat_result | None:
    """Return the status of a regular file that is about to be replaced; None for a link, or if there is none.

    Raises:
        RunError: if there is something else.
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
    """Make a file with the permissions of another one, or those of any new file. They are never wider."""
    mode = stat.S_IMODE(like.st_mode) if like else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, mode & 0o666)
    with os.fdopen(handle, "wb") as file:
        if like is not None:
            if hasattr(os, "fchown") and (like.st_uid, like.st_gid) != _owner(file.fileno()):
                with contextlib.suppress(PermissionError):  # only root gives files away
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.chmod(path, mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _owner(handle: int) -> tuple[int, int]:
    status = os.fstat(handle)
    return status.st_uid, status.st_gid


def _sync_folder(folder: Path) -> None:
    """Flush a rename to disk, on systems that can."""
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


def _refusal(path: Path, error: OSError) -> RunError:
    if not os.path.isdir(path.parent):
        return RunError(f"{path}: the folder {path.parent} does not exist")
    kept = f"; the earlier {path.name} stands" if os.path.lexists(path) else ""
    return RunError(
        f"{path}: could not be written ({error.strerror}){kept}; free space or rights there, then try again"
    )
