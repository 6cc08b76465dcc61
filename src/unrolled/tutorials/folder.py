"""The output folder of a lesson: page, figure files and numbers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.pages import Page
from unrolled.pages.figures import figure_files
from unrolled.pages.numbers import numbers_bytes
from unrolled.pages.page import page_bytes
from unrolled.storage.folder import (
    FOLDER_KIND_KEY,
    list_folder,
    make_inner_folder,
    remove_files,
    remove_temporary_files,
)
from unrolled.storage.lock import FolderLock
from unrolled.storage.report import check_may_replace_report
from unrolled.training.tensor_files import read_json

PAGE, NUMBERS, FIGURES = "page.html", "numbers.json", "figures"


@contextmanager
def lock_output_folder(folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Check that a lesson can be written to a folder, and lock the folder.

    Raises:
        RunError: if the folder holds other files, holds a lesson and ``overwrite`` is False, is locked by
            another command, or cannot be created.
    """
    _check_free(folder, overwrite=overwrite)
    with FolderLock(folder):
        _check_free(folder, overwrite=overwrite)
        yield


def _check_free(folder: Path, *, overwrite: bool) -> None:
    present = list_folder(folder)
    other_files = [name for name in present if name not in (PAGE, NUMBERS, FIGURES)]
    if present and not other_files and _read_numbers(folder) is None:
        other_files = present
    if other_files:
        raise RunError(
            f"{folder}: is not empty (it holds {other_files[0]}); choose another folder with --out"
        )
    if present and not overwrite:
        raise RunError(
            f"{folder}: holds a lesson already; choose another folder with --out, or add --overwrite"
        )
    check_may_replace_report(folder / PAGE)
    if (folder / FIGURES).exists() and not (folder / FIGURES).is_dir():
        raise RunError(f"{folder / FIGURES}: is not a folder; move it away")


def write_lesson(page: Page, folder: Path) -> Path:
    """Write page, figures and numbers into a locked folder; return the path of the page.

    All figures are drawn before the first file is written, so an interrupt while drawing leaves the folder
    unchanged. Figures of the previous lesson are removed if they are listed in its numbers.json.

    Raises:
        RunError: if a file cannot be written, or a figure would replace a file that unrolled did not write.
    """
    html, numbers, figures = page_bytes(page), numbers_bytes(page), dict(figure_files(page))
    old = _list_figures(_read_numbers(folder) or {})
    _check_figures(folder / FIGURES, set(figures).difference(old))
    remove_temporary_files(folder)
    remove_temporary_files(folder / FIGURES)
    remove_files(folder, [f"{FIGURES}/{name}" for name in old if name not in figures])
    # Write numbers.json first: it marks the folder as a lesson and lists the figures, so that an interrupted
    # write can be repeated.
    write_atomically(folder / NUMBERS, numbers)
    make_inner_folder(folder / FIGURES)
    for name, data in figures.items():
        write_atomically(folder / FIGURES / name, data)
    write_atomically(folder / PAGE, html)
    return folder / PAGE


def _check_figures(folder: Path, new: set[str]) -> None:
    """Raise RunError if a new figure would replace a file that is not part of the lesson in the folder."""
    if folder.is_symlink():  # make_inner_folder replaces the link by a folder
        return
    for name in sorted(new):
        if os.path.lexists(folder / name):
            raise RunError(
                f"{folder / name}: was not written by unrolled, and a new figure has its name; move it away"
            )


def _read_numbers(folder: Path) -> dict[str, Any] | None:
    """Return the numbers of the lesson in a folder; None if the folder holds no lesson."""
    if not (folder / NUMBERS).is_file():
        return None
    try:
        values = read_json(folder / NUMBERS)
    except RunError:  # a file of another program
        return None
    is_old_format = {"title", "subtitle", "facts", "verdicts", "sections"} <= values.keys()
    return values if values.get(FOLDER_KIND_KEY) == "page" or is_old_format else None


def _list_figures(numbers: dict[str, Any]) -> list[str]:
    """Return the figure files listed in numbers.json; names that contain a path separator are left out."""
    sections = numbers.get("sections", [])
    parts = [part for section in sections for part in section.get("parts", []) if isinstance(part, dict)]
    names = [str(part["name"]) for part in parts if "name" in part]
    return [f"{name}.{end}" for name in names if Path(name).name == name for end in ("png", "svg")]
