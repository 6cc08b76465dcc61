"""The folder that a training on a problem leaves: figures, log and picture."""

import json
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.learn.plot import plot_learned
from unrolled.learn.train import Learned
from unrolled.training.files import write_json

RESULT, LOG, PICTURE, REPORT = "result.json", "metrics.jsonl", "curves.png", "report.html"


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise RunError if the folder holds a result and ``overwrite`` is not set, or holds anything else."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; give a folder that does not exist yet")
    present = {p.name for p in folder.iterdir()} if folder.exists() else set()
    strange = sorted(present - {RESULT, LOG, PICTURE, REPORT})
    if strange:
        raise RunError(f"{folder}: is not empty (it holds {strange[0]}); choose another folder")
    if present and not overwrite:
        raise RunError(f"{folder}: holds a result already; choose another folder, or add --overwrite")


def write_learned(learned: Learned, folder: Path) -> Path:
    """Write what came of a training; return the path of the picture.

    Raises:
        RunError: if it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror})") from error
    lines = "".join(json.dumps(record) + "\n" for record in learned.history)
    write_atomically(folder / LOG, lines.encode())
    write_json(folder / RESULT, learned.to_json())
    return plot_learned(learned, folder / PICTURE)
