"""Output files named by the user: links are followed, permissions kept, pipes and devices written to."""

import errno
import gzip
import os
import stat
import sys
import time
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.errors import RunError, shorten_path

PACKED = ".gz"
READER_SECONDS = 10.0
"""Seconds to wait for a program that reads from a named pipe."""


def parse_output_path(name: str | Path) -> Path:
    """Return the path of a file that the user names.

    Raises:
        RunError: if the name ends like a folder, such as ``"out/"``; a Path would drop the slash.
    """
    if os.path.basename(name) in ("", ".") and str(name) not in ("", "."):
        raise RunError(f"{name}: ends like the name of a folder; give the name of a file")
    return Path(name)


def get_extension(name: str | Path) -> str:
    """Return the extension of a file name in lower case, such as ".csv", ignoring ".gz"."""
    return Path(str(name).removesuffix(PACKED)).suffix.lower()


def check_output(path: Path, *, overwrite: bool = True) -> None:
    """Check, before any work is done, that an output file can be written.

    Args:
        path: path of the output.
        overwrite: allow replacing a regular file. Pipes and devices are written to, so they never need this.

    Raises:
        RunError: if the path is a folder, its folder does not exist, the name is too long, the file or its
            folder is write-protected, or the file exists and ``overwrite`` is False.
    """
    status = _get_status(path)
    if status is None:
        _check_folder(path)
        return
    if stat.S_ISDIR(status.st_mode):
        raise RunError(f"{path}: is a folder; give a file")
    if not os.access(path, os.W_OK):
        raise RunError(f"{path}: is write-protected; give another name")
    if not stat.S_ISREG(status.st_mode) or _get_descriptor(path) is not None:
        return
    if not overwrite:
        raise RunError(f"{path}: exists already; give another name, or --overwrite")
    _check_folder(path)


def _check_folder(path: Path) -> None:
    """Check that a file can be created in the folder of ``path``: existing files are replaced by new ones."""
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise RunError(f"{path}: the folder {folder} does not exist")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunError(f"{path}: the folder {folder} is write-protected; give another one")


def write_output(path: Path, data: bytes) -> None:
    """Write an output file named by the user.

    A regular file, or the target of a symbolic link, is replaced atomically. Named pipes, devices and streams
    of this process such as ``/dev/stdout`` are written to. A file whose name ends with ``.gz`` is compressed;
    the same data always give the same bytes.

    Raises:
        RunError: if the file cannot be written. A regular file is then unchanged.
    """
    check_output(path)
    if path.name.endswith(PACKED):
        data = gzip.compress(data, mtime=0)
    try:
        descriptor = _get_descriptor(path)
        if descriptor is not None:
            _write_stream(os.dup(descriptor), data)
            return
        status = _get_status(path)
        if status is not None and not stat.S_ISREG(status.st_mode):
            _write_stream(_open_special(path, status), data)
            return
    except OSError as error:
        raise RunError(f"{path}: could not be written ({error.strerror})") from error
    write_atomically(Path(os.path.realpath(path)), data)


def _get_status(path: Path) -> os.stat_result | None:
    """Return the status of a file, following links; None if it does not exist.

    Raises:
        RunError: if the path is invalid.
    """
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise RunError(f"{shorten_path(path)}: cannot be a file ({reason})") from None


def _get_descriptor(path: Path) -> int | None:
    """Return this process's file descriptor for a path such as ``/dev/stdout`` or ``/dev/fd/3``, else None.

    Links are resolved one at a time: resolving all of them would lead to the file of a shell redirection,
    which would be replaced while the shell keeps writing to the old one.
    """
    place = str(path)
    for _ in range(40):
        folder, name = os.path.split(place)
        folder = os.path.realpath(folder)
        if folder in ("/dev/fd", f"/proc/{os.getpid()}/fd") and name.isdecimal():
            return int(name)
        place = os.path.join(folder, name)
        if not os.path.islink(place):
            return None
        place = os.path.join(folder, os.readlink(place))
    return None


def _open_special(path: Path, status: os.stat_result) -> int:
    if not stat.S_ISFIFO(status.st_mode):
        return os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
    deadline = time.monotonic() + READER_SECONDS
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > deadline:
                raise RunError(
                    f"{path}: no program reads from this pipe; start one, or give another name"
                ) from None
            time.sleep(0.05)
        else:
            os.set_blocking(handle, True)
            return handle


def _write_stream(handle: int, data: bytes) -> None:
    sys.stdout.flush()
    with os.fdopen(handle, "wb") as file:
        file.write(data)
