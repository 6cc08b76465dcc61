"""The folder of a lesson: its page, its figures for papers, its numbers."""

import os
import shutil
import tempfile
from pathlib import Path

from unrolled.diagnostics.report import Page, write_figures, write_numbers, write_page
from unrolled.errors import RunError

PAGE, NUMBERS, FIGURES = "page.html", "numbers.json", "figures"


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise RunError if the folder holds anything else than a lesson, or a lesson without ``overwrite``."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; give a folder that does not exist yet")
    present = {p.name for p in folder.iterdir()} if folder.exists() else set()
    strange = sorted(present - {PAGE, NUMBERS, FIGURES})
    if strange:
        raise RunError(f"{folder}: is not empty (it holds {strange[0]}); choose another folder with --out")
    if present and not overwrite:
        raise RunError(
            f"{folder}: holds a lesson already; choose another folder with --out, or add --overwrite"
        )


def write_lesson(page: Page, folder: Path) -> Path:
    """Write page, figures and numbers; return the path of the page.

    All is written beside the folder first and moved into it when it is whole: what is interrupted leaves the
    folder as it was.

    Raises:
        RunError: if it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror})") from error
    try:
        write_page(page, made / PAGE)
        write_numbers(page, made / NUMBERS)
        write_figures(page, made / FIGURES)
        _move(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder / PAGE


def _move(made: Path, folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        shutil.rmtree(folder / FIGURES, ignore_errors=True)
        for name in (FIGURES, NUMBERS, PAGE):
            os.replace(made / name, folder / name)
    except OSError as error:
        raise RunError(f"{folder}: could not be written ({error.strerror})") from error
