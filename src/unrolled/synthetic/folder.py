"""The folder that a training on a problem leaves: figures, log and picture."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.storage.folder import MARK, clear_unfinished, list_folder
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.storage.report import check_report
from unrolled.synthetic.plot import plot_learned
from unrolled.synthetic.train import Learned
from unrolled.training.files import read_json, write_json

RESULT, LOG, PICTURE, REPORT = "result.json", "metrics.jsonl", "curves.png", "report.html"
KIND = "learned"


@contextmanager
def claim(folder: Path | None, *, overwrite: bool) -> Iterator[None]:
    """Keep other commands out of the folder of a new result; None is no folder.

    Raises:
        RunError: if it holds a result and ``overwrite`` is not set, or anything else; another command works
            there; or it cannot be made.
    """
    if folder is None:
        yield
        return
    check_free(folder, overwrite=overwrite)
    with FolderLock(folder):
        check_free(folder, overwrite=overwrite)
        yield


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise RunError if the folder holds a result and ``overwrite`` is not set, or anything of others."""
    present = list_folder(folder)
    strange = [name for name in present if name not in (RESULT, LOG, PICTURE, REPORT)]
    if present and not strange and not _is_result(folder / RESULT):
        strange = present
    if strange:
        raise RunError(f"{folder}: is not empty (it holds {strange[0]}); choose another folder")
    if present and not overwrite:
        raise RunError(f"{folder}: holds a result already; choose another folder, or add --overwrite")
    check_replaceable(folder, (RESULT, LOG, PICTURE))
    check_report(folder / REPORT)


def write_learned(learned: Learned, folder: Path) -> Path:
    """Write what came of a training into a claimed folder; return the path of the picture.

    Raises:
        RunError: if it cannot be written.
    """
    clear_unfinished(folder)
    # The result comes first: by it the folder is known.
    write_json(folder / RESULT, {MARK: KIND} | learned.to_json())
    lines = "".join(json.dumps(record) + "\n" for record in learned.history)
    write_atomically(folder / LOG, lines.encode())
    return plot_learned(learned, folder / PICTURE)


def _is_result(path: Path) -> bool:
    """Tell whether a file is a result of this or of an earlier version."""
    if not path.is_file():
        return False
    try:
        values = read_json(path)
    except RunError:  # another program's
        return False
    return values.get(MARK) == KIND or {"loss", "baseline", "solved", "target", "config"} <= values.keys()
