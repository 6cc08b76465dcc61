"""The output folder of an export: written beside its place under a temporary name, then renamed."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from unrolled.errors import RunError
from unrolled.storage.folder import FOLDER_KIND_KEY, folder_error, list_folder
from unrolled.training.tensor_files import read_json, write_json

MANIFEST = "export.json"
KIND = "export"
INSTALLED = ("node_modules", "package.json", "package-lock.json")
"""What npm adds to an export with a web page. It stays when the export is replaced."""


@contextlib.contextmanager
def new_folder(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder that takes the place of ``folder`` if the block ends without an error.

    After an error or Ctrl-C nothing is left, and an earlier export in ``folder`` is unchanged.

    Raises:
        RunError: if ``folder`` holds an export and ``overwrite`` is not set, holds other files, or cannot be
            written.
    """
    check_free(folder, overwrite=overwrite)
    temporary = folder.absolute().parent / f".unrolled-{secrets.token_hex(8)}.tmp"
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise folder_error(folder, error) from error
    try:
        yield temporary
        check_free(folder, overwrite=overwrite)
        _replace(folder, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise RunError if a folder holds an export and ``overwrite`` is not set, or holds other files."""
    present = list_folder(folder)
    if not present:
        return
    listed = _exported_files(folder)
    foreign = [name for name in present if name not in (*listed, *(INSTALLED if listed else ()))]
    if foreign:
        raise RunError(
            f"{folder}: is not empty and not an export (it holds {foreign[0]}); choose another folder"
        )
    if not overwrite:
        raise RunError(
            f"{folder}: holds an export already; choose another folder, or replace it: --overwrite"
        )


def write_manifest(folder: Path, facts: dict[str, Any], built: Iterable[str]) -> None:
    """Write ``export.json``, which marks the folder as an export and lists its files.

    Args:
        folder: folder with the files of the export.
        facts: what else the file says.
        built: names that users add by building.
    """
    files = sorted([*os.listdir(folder), MANIFEST])
    write_json(folder / MANIFEST, {FOLDER_KIND_KEY: KIND, "files": files, "built": list(built)} | facts)


def _exported_files(folder: Path) -> list[str]:
    """Return the names that a manifest lists, built ones included; empty if the folder is not an export."""
    if not (folder / MANIFEST).is_file():
        return []
    try:
        values = read_json(folder / MANIFEST)
    except RunError:  # another program's
        return []
    files, built = values.get("files"), values.get("built", [])
    if values.get(FOLDER_KIND_KEY) != KIND or not isinstance(files, list) or not isinstance(built, list):
        return []
    return [*files, *built]


def _replace(folder: Path, new: Path) -> None:
    """Rename ``new`` to ``folder``. An earlier export is moved aside first, and back if that fails."""
    old = new.with_name(f".unrolled-{secrets.token_hex(8)}.tmp")
    try:
        had_folder = folder.is_dir()
        if had_folder:
            os.replace(folder, old)
        try:
            os.replace(new, folder)
        except BaseException:
            if had_folder:
                os.replace(old, folder)
            raise
        for name in filter(lambda name: (old / name).exists(), INSTALLED):
            os.replace(old / name, folder / name)
    except OSError as error:
        raise folder_error(folder, error) from error
    shutil.rmtree(old, ignore_errors=True)
