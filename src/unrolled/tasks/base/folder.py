"""A run folder: what is in it, and when it may be written."""

import hashlib
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unrolled.errors import RunError
from unrolled.monitoring.board import BOARD, BOARD_SUFFIX
from unrolled.reading import read_bytes
from unrolled.storage.folder import (
    MARK,
    clear_unfinished,
    is_earlier_leftover,
    list_folder,
    make_folder,
    no_folder,
    remove_files,
)
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable, require_regular
from unrolled.storage.report import is_report
from unrolled.tasks import registry
from unrolled.training import CHECKPOINT, LOG, MODEL
from unrolled.training.files import json_bytes, read_json, write_json

FORMAT = 2
CONFIG, TOKENIZER, RESULT = "config.json", "tokenizer.json", "result.json"
PLOTS, REPORT = "plots", "report.html"
KIND = "run"
_TRAINING = (MODEL, CHECKPOINT, LOG, RESULT)
_PICTURES = ("curves", "gradients_by_distance")


def _artifact_files() -> tuple[str, ...]:
    """Return the files of the artifacts of all tasks."""
    return tuple(dict.fromkeys(name for spec in registry.TASKS for name in spec.files))


def _plots() -> tuple[str, ...]:
    """Return the pictures that a run of any task may hold."""
    names = dict.fromkeys([*_PICTURES, *(name for spec in registry.TASKS for name in spec.plots)])
    return tuple(f"{PLOTS}/{name}.png" for name in names)


def _known() -> tuple[str, ...]:
    """Return every file that a run may hold besides ``config.json``.

    Report and TensorBoard files are not among them: they have a mark inside.
    """
    return (*_TRAINING, *_artifact_files(), *_plots())


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Check that a new run may be written into a folder.

    Raises:
        RunError: if it holds a run and ``overwrite`` is not set, or anything that is not a run.
    """
    present = list_folder(folder)
    _check_names(folder)
    leftovers = [name for name in present if is_earlier_leftover(name, (CONFIG, *_known()))]
    if not present or (overwrite and leftovers == present):
        return
    if leftovers == present:
        raise RunError(
            f"{folder}: holds an unfinished file of a run that was killed ({present[0]}); begin anew with "
            "--overwrite"
        )
    values = _run_at(folder)
    if values is None and CONFIG in present:
        raise RunError(
            f"{folder}: is not empty and not a run (its {CONFIG} is damaged or another program's); choose "
            "another folder"
        )
    if values is None:
        raise RunError(f"{folder}: is not empty and not a run (it holds {present[0]}); choose another folder")
    if not overwrite:
        raise RunError(
            f"{folder}: holds a run already; resume it (unrolled resume {shlex.quote(str(folder))}), "
            "choose another folder, or replace it with --overwrite"
        )
    if values["format"] > FORMAT:
        raise _newer(folder, values["format"])


@contextmanager
def claim(folder: Path | None, *, overwrite: bool) -> Iterator[None]:
    """Keep other commands out of the folder of a new run; None is no folder.

    Raises:
        RunError: see :func:`check_free`; or another command works there, or the folder cannot be made.
    """
    if folder is None:
        yield
        return
    check_free(folder, overwrite=overwrite)
    with FolderLock(folder):
        check_free(folder, overwrite=overwrite)
        yield


def prepare(folder: Path, files: Mapping[str, Any]) -> None:
    """Remove the run that a claimed folder holds, but for ``config.json``, which the new one replaces.

    Args:
        folder: see :func:`claim`.
        files: of the artifacts of the new run, by name.

    Raises:
        RunError: if something that is not of the old run has a name that the new one needs, or a file cannot
            be removed.
    """
    make_folder(folder)
    old = _files_of(_run_at(folder) or {})
    plots = () if (folder / PLOTS).is_symlink() else _plots()
    for name in (*_TRAINING, *files, *plots):
        if name not in old or (folder / name).is_dir():
            _check_absent(folder / name)
    check_kinds(folder, (*_TRAINING, *files))
    _remove(folder, old)


def check_kinds(folder: Path, names: Iterable[str] = _TRAINING) -> None:
    """Check that what training will replace in a run are files or links, and its plots a folder.

    Raises:
        RunError: if one is a pipe, a device, a socket, or a folder in place of a file.
    """
    check_replaceable(folder, names)
    plots = folder / PLOTS
    if plots.is_symlink():
        return
    if plots.exists() and not plots.is_dir():
        raise RunError(f"{plots}: is not a folder, but the run's plots go there; move it away")
    check_replaceable(folder, _plots())


def _check_absent(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise RunError(f"{path}: is not of the run there, but the new one needs that name; move it away")


def empty(folder: Path) -> None:
    """Remove the run that a folder holds; what is not of the run stays.

    Raises:
        RunError: if a file cannot be removed, or another command works there.
    """
    values = _run_at(folder)
    if values is None:
        return
    with FolderLock(folder):
        _remove(folder, (*_files_of(values), CONFIG))


def is_run(folder: Path) -> bool:
    """Tell whether ``config.json`` of a folder is that of a run, of any format."""
    return _run_at(folder) is not None


def clear(folder: Path) -> None:
    """Remove the temporary files that a kill left in a folder, if it is that of a run."""
    if is_run(folder):
        _clear(folder)


def begun(folder: Path) -> bool:
    """Tell whether training has left anything: a checkpoint comes first."""
    return any((folder / name).exists() for name in _TRAINING)


def write_config(folder: Path, task: str, version: str, files: Mapping[str, Any], **parts: Any) -> None:
    """Write ``config.json``, with the names of the run's files and the SHA-256 of its artifacts' files."""
    head = {
        MARK: KIND,
        "format": FORMAT,
        "task": task,
        "version": version,
        "files": [*_TRAINING, *files, *_plots()],
        "sha256": {n: hashlib.sha256(json_bytes(v)).hexdigest() for n, v in files.items()},
    }
    write_json(folder / CONFIG, head | parts)


def read_config(folder: Path) -> dict[str, Any]:
    """Read ``config.json`` of a run.

    Raises:
        RunError: if the folder is not a run, is damaged, or of another format.
    """
    _check_names(folder)
    if not os.path.isdir(folder):
        raise RunError(f"{folder}: no such run folder")
    values = read_json(folder / CONFIG)
    format_ = values.get("format")
    if not isinstance(format_, int):
        raise RunError(f"{folder / CONFIG}: damaged (no format number); restore it from a copy")
    if format_ > FORMAT:
        raise _newer(folder, format_)
    if format_ < FORMAT:
        raise RunError(
            f"{folder}: was made by an earlier unrolled (format {format_}, this one reads {FORMAT}); "
            "train it anew"
        )
    if not isinstance(values.get("task"), str):
        raise RunError(f"{folder / CONFIG}: damaged (no task); restore it from a copy")
    return values


def change_training(folder: Path, options: Mapping[str, Any]) -> None:
    """Change options of the training in ``config.json`` of a run.

    Raises:
        RunError: if it cannot be read or written.
    """
    values = read_config(folder)
    values["config"]["training"] |= options
    write_json(folder / CONFIG, values)


def is_marked(folder: Path) -> bool:
    """Tell whether the run in a folder has a mark; then its files have checksums, unlike earlier ones.

    Raises:
        RunError: if ``config.json`` is missing or damaged.
    """
    return read_json(folder / CONFIG).get(MARK) == KIND


def check_artifact_files(folder: Path, values: Mapping[str, Any]) -> None:
    """Check the files of the artifacts, which never change after the start of a run.

    Runs without a mark may have no checksums.

    Raises:
        RunError: if one is missing or has changed.
    """
    checksums = values.get("sha256", None if values.get(MARK) == KIND else {})
    if not isinstance(checksums, dict) or not set(checksums) <= set(_artifact_files()):
        raise RunError(f"{folder / CONFIG}: damaged (wrong checksums); restore it from a copy")
    for name, checksum in checksums.items():
        path = folder / name
        require_regular(path)
        if not os.path.isfile(path):
            raise RunError(f"{path}: missing; restore it from a copy")
        data = read_bytes(path, RunError)
        if hashlib.sha256(data).hexdigest() != checksum:
            raise RunError(f"{path}: damaged (its SHA-256 is not that in {CONFIG}); restore it from a copy")


def _run_at(folder: Path) -> dict[str, Any] | None:
    """Return what ``config.json`` says if the folder holds a run, of any format; else None."""
    if not (folder / CONFIG).is_file():
        return None
    try:
        values = read_json(folder / CONFIG)
    except RunError:  # no run that could be replaced: the caller refuses the folder
        return None
    marked = values.get(MARK) == KIND
    types = {"task": str, "version": str, "config": dict, "facts": dict}  # of runs before the mark
    earlier = all(isinstance(values.get(key), kind) for key, kind in types.items())
    known = marked or earlier
    return values if known and isinstance(values.get("format"), int) else None


def _files_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files that a run names; runs of earlier versions may hold any that are known."""
    if not values:
        return ()
    known = _known()
    named = values.get("files", known)
    return tuple(name for name in known if isinstance(named, list | tuple) and name in named)


def _clear(folder: Path) -> None:
    clear_unfinished(folder, (CONFIG, *_known()))
    clear_unfinished(folder / PLOTS)


def _remove(folder: Path, names: tuple[str, ...]) -> None:
    _clear(folder)
    board = folder / BOARD
    if not board.is_symlink():
        remove_files(board, [p.name for p in board.glob(f"events.out.tfevents.*{BOARD_SUFFIX}")])
    if is_report(folder / REPORT):
        remove_files(folder, (REPORT,))
    remove_files(folder, names)


def _check_names(folder: Path) -> None:
    """Raise RunError if the folder's name leaves no room for the names of its files."""
    longest = folder / max(_known(), key=len)
    try:
        longest.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        raise no_folder(folder, error) from None


def _newer(folder: Path, format_: int) -> RunError:
    return RunError(
        f"{folder}: was made by a newer unrolled (format {format_}, this one reads {FORMAT}); "
        "upgrade: pip install -U unrolled"
    )
