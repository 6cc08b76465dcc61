"""The folder of a lesson: its page, its figures for papers, its numbers."""

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
from unrolled.storage.folder import MARK, clear_unfinished, list_folder, make_inner_folder, remove_files
from unrolled.storage.lock import FolderLock
from unrolled.storage.report import check_report
from unrolled.training.files import read_json

PAGE, NUMBERS, FIGURES = "page.html", "numbers.json", "figures"


@contextmanager
def claim(folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Keep other commands out of the folder of a lesson.

    Raises:
        RunError: if it holds a lesson and ``overwrite`` is not set, or anything else; another command works
            there; or it cannot be made.
    """
    _check_free(folder, overwrite=overwrite)
    with FolderLock(folder):
        _check_free(folder, overwrite=overwrite)
        yield


def _check_free(folder: Path, *, overwrite: bool) -> None:
    present = list_folder(folder)
    strange = [name for name in present if name not in (PAGE, NUMBERS, FIGURES)]
    if present and not strange and _numbers_at(folder) is None:
        strange = present
    if strange:
        raise RunError(f"{folder}: is not empty (it holds {strange[0]}); choose another folder with --out")
    if present and not overwrite:
        raise RunError(
            f"{folder}: holds a lesson already; choose another folder with --out, or add --overwrite"
        )
    check_report(folder / PAGE)
    if (folder / FIGURES).exists() and not (folder / FIGURES).is_dir():
        raise RunError(f"{folder / FIGURES}: is not a folder; move it away")


def write_lesson(page: Page, folder: Path) -> Path:
    """Write page, figures and numbers into a claimed folder; return the path of the page.

    All is drawn before the first file is written: what is interrupted while drawing leaves the folder as it
    was. Of an earlier lesson those figures are removed that its numbers name.

    Raises:
        RunError: if it cannot be written, or a file of someone else has the name of a new figure.
    """
    html, numbers, figures = page_bytes(page), numbers_bytes(page), dict(figure_files(page))
    old = _figures_of(_numbers_at(folder) or {})
    _check_figures(folder / FIGURES, set(figures).difference(old))
    clear_unfinished(folder)
    clear_unfinished(folder / FIGURES)
    remove_files(folder, [f"{FIGURES}/{name}" for name in old if name not in figures])
    # The numbers come first: by them the folder is known, and they name the figures.
    write_atomically(folder / NUMBERS, numbers)
    make_inner_folder(folder / FIGURES)
    for name, data in figures.items():
        write_atomically(folder / FIGURES / name, data)
    write_atomically(folder / PAGE, html)
    return folder / PAGE


def _check_figures(folder: Path, new: set[str]) -> None:
    """Raise RunError if a figure would replace one that is not of the lesson there."""
    if folder.is_symlink():  # a folder of our own takes its place
        return
    for name in sorted(new):
        if os.path.lexists(folder / name):
            raise RunError(
                f"{folder / name}: is not of the lesson there, but the new one needs that name; move it away"
            )


def _numbers_at(folder: Path) -> dict[str, Any] | None:
    """Return the numbers of the lesson that a folder holds; None if it holds none."""
    if not (folder / NUMBERS).is_file():
        return None
    try:
        values = read_json(folder / NUMBERS)
    except RunError:  # another program's
        return None
    earlier = {"title", "subtitle", "facts", "verdicts", "sections"} <= values.keys()
    return values if values.get(MARK) == "page" or earlier else None


def _figures_of(numbers: dict[str, Any]) -> list[str]:
    """Return the names of the figures that a page's numbers name, as far as they are names of files."""
    sections = numbers.get("sections", [])
    parts = [part for section in sections for part in section.get("parts", []) if isinstance(part, dict)]
    names = [str(part["name"]) for part in parts if "name" in part]
    return [f"{name}.{end}" for name in names if Path(name).name == name for end in ("png", "svg")]
