"""A folder that a command owns: only the files that it names are removed, and links are never followed."""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from unrolled.atomic import UNFINISHED
from unrolled.errors import RunError, shown_path
from unrolled.storage.lock import LOCK

MARK = "unrolled"
"""Key of a folder's JSON file whose value says what the folder holds: "run", "comparison", …"""


def list_folder(folder: Path) -> list[str]:
    """Return the names in a folder, without what a killed command of ours left; nothing if there is none.

    Raises:
        RunError: if it is a file, cannot be read, or its name cannot be one.
    """
    try:
        status = os.stat(folder)
    except FileNotFoundError:
        if os.path.islink(folder):
            raise RunError(f"{folder}: is a link to a folder that does not exist") from None
        return []
    except (OSError, ValueError) as error:
        raise no_folder(folder, error) from None
    if not stat.S_ISDIR(status.st_mode):
        raise RunError(f"{folder}: is a file; give a folder that does not exist yet")
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise no_folder(folder, error) from None
    return sorted(n for n in names if n != LOCK and not UNFINISHED.fullmatch(n))


def check_folder(folder: Path) -> None:
    """Find out before the work whether a folder can be made, or written to if it is there.

    Raises:
        RunError: if it is a file, its name cannot be one, or it may not be written.
    """
    list_folder(folder)
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise RunError(f"{folder}: cannot be written ({place} is write-protected); give another folder")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing.

    Raises:
        RunError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise no_folder(folder, error) from error


def make_inner_folder(folder: Path) -> None:
    """Make a folder inside an owned one. A link in its place is replaced, not followed.

    Raises:
        RunError: if it cannot be made.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise no_folder(folder, error) from error


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove files by their names in the folder, as ``"plots/curves.png"``; what is missing is left out.

    Folders of these names stay, and so does everything behind a link to a folder.

    Raises:
        RunError: if one cannot be removed.
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


def clear_unfinished(folder: Path, names: Iterable[str] = ()) -> None:
    """Remove the temporary files that a kill left in a folder.

    Args:
        folder: locked, so that no other command writes there.
        names: of files whose temporary files of earlier versions (``NAME.abcd1234.tmp``) are removed too.

    Raises:
        RunError: if one cannot be removed.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    known = set(names)
    for name in os.listdir(folder):
        if UNFINISHED.fullmatch(name) or is_earlier_leftover(name, known):
            _remove(folder / name)


def is_earlier_leftover(name: str, names: Iterable[str]) -> bool:
    """Return whether this is a temporary file that earlier versions made for one of these names."""
    found = re.fullmatch(r"(.+)\.[a-z0-9_]{8}\.tmp", name)
    return found is not None and found[1] in names


def _remove(path: Path) -> None:
    try:
        if path.is_symlink() or path.is_file():
            path.unlink()
    except OSError as error:
        raise RunError(f"{path}: cannot be removed ({error.strerror})") from error


def no_folder(folder: Path, error: Exception) -> RunError:
    """Return the error to raise for a path that cannot be a folder."""
    reason = error.strerror if isinstance(error, OSError) else error
    said = shown_path(folder)
    return RunError(f"{said}: cannot be made or read as a folder ({reason}); give another one")
