"""Folders that a command owns: only files that it names are removed, and links are never followed."""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from unrolled.atomic import UNFINISHED
from unrolled.errors import RunError, shorten_path
from unrolled.storage.lock import LOCK

FOLDER_KIND_KEY = "unrolled"
"""Key in the JSON file of a folder; its value is the kind of folder: "run", "comparison", …"""


def list_folder(folder: Path) -> list[str]:
    """Return the names in a folder, except locks and temporary files; empty if the folder does not exist.

    Raises:
        RunError: if the path is a file, cannot be read, or is not a valid path.
    """
    try:
        status = os.stat(folder)
    except FileNotFoundError:
        if os.path.islink(folder):
            raise RunError(f"{folder}: is a link to a folder that does not exist") from None
        return []
    except (OSError, ValueError) as error:
        raise folder_error(folder, error) from None
    if not stat.S_ISDIR(status.st_mode):
        raise RunError(f"{folder}: is a file; give a folder that does not exist yet")
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise folder_error(folder, error) from None
    return sorted(n for n in names if n != LOCK and not UNFINISHED.fullmatch(n))


def check_folder(folder: Path) -> None:
    """Check, before any work is done, that a folder can be created, or written to if it exists.

    Raises:
        RunError: if the path is a file, is not a valid path, or is write-protected.
    """
    list_folder(folder)
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(f"{folder}: cannot be written ({existing} is write-protected); give another folder")


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents.

    Raises:
        RunError: if it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise folder_error(folder, error) from error


def make_inner_folder(folder: Path) -> None:
    """Create a folder inside an owned folder. A link with its name is replaced, not followed.

    Raises:
        RunError: if it cannot be created.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise folder_error(folder, error) from error


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove files, given by names relative to the folder such as ``"plots/curves.png"``, if they exist.

    Folders with these names are kept, and so are files that are reached through a link to a folder.

    Raises:
        RunError: if a file cannot be removed.
    """
    for name in names:
        path = folder / name
        inner = folder
        for part in Path(name).parts[:-1]:
            inner /= part
            if inner.is_symlink():
                break
        else:
            _remove(path)


def remove_temporary_files(folder: Path, names: Iterable[str] = ()) -> None:
    """Remove the temporary files that a killed process left in a folder.

    Args:
        folder: a locked folder, so that no other command writes there.
        names: file names; temporary files that earlier versions of unrolled wrote for them
            (``NAME.abcd1234.tmp``) are removed too.

    Raises:
        RunError: if a file cannot be removed.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    file_names = set(names)
    for name in os.listdir(folder):
        if UNFINISHED.fullmatch(name) or is_earlier_leftover(name, file_names):
            _remove(folder / name)


def is_earlier_leftover(name: str, names: Iterable[str]) -> bool:
    """Return whether ``name`` is a temporary file that an earlier version wrote for one of ``names``."""
    match = re.fullmatch(r"(.+)\.[a-z0-9_]{8}\.tmp", name)
    return match is not None and match[1] in names


def _remove(path: Path) -> None:
    try:
        if path.is_symlink() or path.is_file():
            path.unlink()
    except OSError as error:
        raise RunError(f"{path}: cannot be removed ({error.strerror})") from error


def folder_error(folder: Path, error: Exception) -> RunError:
    """Return the error for a path that cannot be created or read as a folder."""
    reason = error.strerror if isinstance(error, OSError) else error
    name = shorten_path(folder)
    return RunError(f"{name}: cannot be made or read as a folder ({reason}); give another one")
