"""A run folder: what is in it, and when it may be written."""

import os
from pathlib import Path
from typing import Any

from unrolled.errors import RunError
from unrolled.training import CHECKPOINT, LOG, MODEL
from unrolled.training.files import clear_unfinished, read_json, write_json

FORMAT = 2
CONFIG, TOKENIZER, RESULT = "config.json", "tokenizer.json", "result.json"
_PARTS = (
    CONFIG,
    TOKENIZER,
    MODEL,
    RESULT,
    CHECKPOINT,
    LOG,
    "scales.json",
    "openings.json",
    "plots/*.png",
    "report.html",
    "tensorboard/events.out.tfevents.*",
)


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise RunError if the folder holds a run and ``overwrite`` is not set, or holds anything else."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; give a folder that does not exist yet")
    present = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
    holds_run = CONFIG in present
    if holds_run and not overwrite:
        raise RunError(
            f"{folder}: holds a run already; resume it (unrolled resume {folder}), choose another "
            "folder, or replace it with --overwrite"
        )
    if present and not holds_run:
        raise RunError(f"{folder}: is not empty and not a run (it holds {present[0]}); choose another folder")


def prepare(folder: Path, *, overwrite: bool) -> None:
    """Make a folder ready for a new run: empty of the run that it may replace.

    Raises:
        RunError: see :func:`check_free`; or the folder cannot be made.
    """
    check_free(folder, overwrite=overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_unfinished(folder)
        for part in _PARTS:
            for path in folder.glob(part):
                path.unlink()
    except OSError as error:
        raise RunError(f"{folder}: cannot be made or emptied ({error.strerror})") from error


def write_config(folder: Path, task: str, version: str, **parts: Any) -> None:
    """Write ``config.json``."""
    head = {"format": FORMAT, "task": task, "version": version}
    write_json(folder / CONFIG, head | parts)


def read_config(folder: Path) -> dict[str, Any]:
    """Read ``config.json`` of a run.

    Raises:
        RunError: if the folder is not a run, is damaged, or of another format.
    """
    if not os.path.isdir(folder):
        raise RunError(f"{folder}: no such run folder")
    values = read_json(folder / CONFIG)
    format_ = values.get("format")
    if not isinstance(format_, int):
        raise RunError(f"{folder / CONFIG}: damaged (no format number); restore it from a copy")
    if format_ > FORMAT:
        raise RunError(
            f"{folder}: was made by a newer unrolled (format {format_}, this one reads {FORMAT}); "
            "upgrade: pip install -U unrolled"
        )
    if format_ < FORMAT:
        raise RunError(
            f"{folder}: was made by an earlier unrolled (format {format_}, this one reads {FORMAT}); "
            "train it anew"
        )
    if not isinstance(values.get("task"), str):
        raise RunError(f"{folder / CONFIG}: damaged (no task); restore it from a copy")
    return values
