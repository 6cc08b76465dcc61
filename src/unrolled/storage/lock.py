"""A lock that allows one command at a time in a folder."""

import contextlib
import errno
import os
import socket
import stat
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from unrolled.errors import RunError

LOCK = ".unrolled.lock"
"""Name of the lock file. It contains the process id and host of the owner, and is removed with the lock."""
_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
_held: set[int] = set()


class FolderLock:
    """Context manager that locks a folder against other commands, and creates the folder if it is missing.

    The operating system holds the lock (flock on POSIX, also over NFS; msvcrt on Windows) and releases it
    whenever the process ends, so the lock file of a killed process has no effect. On a file system without
    locks the existence of the file is the lock, and the file of a killed process must be deleted by hand. A
    forked child does not inherit the lock.

    Raises:
        RunError: if another process holds the lock, or the folder cannot be created or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / LOCK
        self._handle = self._process = -1
        self._created = False

    def __enter__(self) -> Self:
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True)
                self._created = True
            while not self._try_lock():
                pass
        except OSError as error:
            if self._created:
                with contextlib.suppress(OSError):  # the first error is more informative
                    os.rmdir(self._folder)
            raise RunError(
                f"{self._folder}: cannot be made or written to ({error.strerror}); free space or fix the "
                "permissions there, or give another folder"
            ) from error
        self._process = os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process != os.getpid():  # in a child forked while the lock was held
            return
        _held.discard(self._handle)
        if sys.platform == "win32":
            os.close(self._handle)  # Windows cannot remove an open file
            _remove(self._path)
        else:
            try:
                _remove(self._path)
            finally:
                os.close(self._handle)
        if self._created and kind is not None and not os.listdir(self._folder):
            os.rmdir(self._folder)

    def _try_lock(self) -> bool:
        """Create and lock the file; False if it was removed meanwhile, so that the caller must try again."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            handle, new = os.open(self._path, flags | os.O_EXCL, 0o666), True
        except FileExistsError:
            if not self._has_file():
                return False
            handle, new = os.open(self._path, flags, 0o666), False
        try:
            if not _lock(handle, new):
                raise self._refusal(_read(handle))
            if not self._is_ours(handle):
                os.close(handle)
                return False
            self._write_owner(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        _held.add(handle)
        return True

    def _has_file(self) -> bool:
        """Return whether the lock file still exists.

        Raises:
            RunError: if its name is taken by something other than a regular file.
        """
        try:
            mode = os.lstat(self._path).st_mode
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(mode):
            kind = (
                "symbolic link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "special file"
            )
            raise RunError(f"{self._path}: is a {kind}, where a command needs its lock file; move it away")
        return True

    def _is_ours(self, handle: int) -> bool:
        """Return whether the locked file is still the lock file, and may be written.

        A lock file that is a hard link to another file is unlinked, so that a new one is created.
        """
        if not _is_same_file(handle, self._path):
            return False
        if os.fstat(handle).st_nlink > 1:  # a hard link: writing would change another file
            os.unlink(self._path)
            return False
        return True

    def _write_owner(self, handle: int) -> None:
        try:
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        except BaseException:
            _remove(self._path)
            raise

    def _refusal(self, owner: str) -> RunError:
        return RunError(
            f"{self._folder}: is in use by {owner or 'another process'}; wait until it ends, or give another "
            f"folder (if no such process runs, delete {self._path})"
        )


def _lock(handle: int, new: bool) -> bool:
    """Lock an open file without waiting; return False if another process has locked it.

    On file systems without locks, the process that created the file (``new``) has the lock.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 1 << 20, os.SEEK_SET)  # beyond the text, which must stay readable
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return new
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _read(handle: int) -> str:
    return "".join(c for c in os.read(handle, 200).decode("utf-8", "replace") if c.isprintable())


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # a closed file locks nothing
        path.unlink()


def _close_in_child() -> None:
    """Close the handles that a forked child inherits; open, they would keep a lock after its owner ended."""
    for handle in _held:
        os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
