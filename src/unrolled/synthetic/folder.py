"""The output folder of a training on a synthetic problem: result, log, plot and report."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.storage.folder import FOLDER_KIND_KEY, list_folder, remove_temporary_files
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.storage.report import check_may_replace_report
from unrolled.synthetic.plot import plot_learned
from unrolled.synthetic.train import LearnResult
from unrolled.training.tensor_files import read_json, write_json

RESULT, LOG, PICTURE, REPORT = "result.json", "metrics.jsonl", "curves.png", "report.html"
KIND = "learned"


@contextmanager
def lock_output_folder(folder: Path | None, *, overwrite: bool) -> Iterator[None]:
    """Check that a new result can be written to a folder, and lock the folder; None does nothing.

    Raises:
        RunError: if the folder holds a result and ``overwrite`` is not set, holds other files, is in use by
            another command, or cannot be created.
    """
    if folder is None:
        yield
        return
    check_free(folder, overwrite=overwrite)
    with FolderLock(folder):
        check_free(folder, overwrite=overwrite)
        yield


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise RunError if the folder holds a result and ``overwrite`` is not set, or holds other files."""
    present = list_folder(folder)
    other_files = [name for name in present if name not in (RESULT, LOG, PICTURE, REPORT)]
    if present and not other_files and not _is_result(folder / RESULT):
        other_files = present
    if other_files:
        raise RunError(f"{folder}: is not empty (it holds {other_files[0]}); choose another folder")
    if present and not overwrite:
        raise RunError(f"{folder}: holds a result already; choose another folder, or add --overwrite")
    check_replaceable(folder, (RESULT, LOG, PICTURE))
    check_may_replace_report(folder / REPORT)


def write_result(learned: LearnResult, folder: Path) -> Path:
    """Write the result of a training into a locked folder; return the path of the plot.

    Raises:
        RunError: if a file cannot be written.
    """
    remove_temporary_files(folder)
    # Write the result first: it identifies the folder.
    write_json(folder / RESULT, {FOLDER_KIND_KEY: KIND} | learned.to_json())
    lines = "".join(json.dumps(record) + "\n" for record in learned.history)
    write_atomically(folder / LOG, lines.encode())
    return plot_learned(learned, folder / PICTURE)


def _is_result(path: Path) -> bool:
    """Return whether a file is a result, written by this or an earlier version."""
    if not path.is_file():
        return False
    try:
        values = read_json(path)
    except RunError:  # another program's
        return False
    return (
        values.get(FOLDER_KIND_KEY) == KIND
        or {"loss", "baseline", "solved", "target", "config"} <= values.keys()
    )
