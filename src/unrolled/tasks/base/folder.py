"""Run folder: which files it has, and when it may be written or removed."""

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
    FOLDER_KIND_KEY,
    folder_error,
    is_earlier_leftover,
    list_folder,
    make_folder,
    remove_files,
    remove_temporary_files,
)
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable, require_regular_file
from unrolled.storage.report import is_report
from unrolled.tasks import registry
from unrolled.training import CHECKPOINT, LOG, MODEL
from unrolled.training.tensor_files import json_bytes, read_json, write_json

FORMAT = 2
CONFIG, TOKENIZER, RESULT = "config.json", "tokenizer.json", "result.json"
PLOTS, REPORT = "plots", "report.html"
KIND = "run"
_TRAINING_FILES = (MODEL, CHECKPOINT, LOG, RESULT)
_COMMON_PLOTS = ("curves", "gradients_by_distance")


def _artifact_files() -> tuple[str, ...]:
    """Return the names of the artifact files of all tasks."""
    return tuple(dict.fromkeys(name for spec in registry.TASKS for name in spec.files))


def _plot_files() -> tuple[str, ...]:
    """Return the paths of all plots that a run of any task may have."""
    names = dict.fromkeys([*_COMMON_PLOTS, *(name for spec in registry.TASKS for name in spec.plots)])
    return tuple(f"{PLOTS}/{name}.png" for name in names)


def _all_files() -> tuple[str, ...]:
    """Return every file that a run may have besides ``config.json``.

    Report and TensorBoard files are not included: they are recognised by a mark in the file.
    """
    return (*_TRAINING_FILES, *_artifact_files(), *_plot_files())


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Check that a new run may be written into a folder.

    Raises:
        RunError: if the folder has a run and ``overwrite`` is not set, or has files but no run.
    """
    present = list_folder(folder)
    _check_path_length(folder)
    leftovers = [name for name in present if is_earlier_leftover(name, (CONFIG, *_all_files()))]
    if not present or (overwrite and leftovers == present):
        return
    if leftovers == present:
        raise RunError(
            f"{folder}: holds an unfinished file of a run that was killed ({present[0]}); start again with "
            "--overwrite"
        )
    values = _read_run_config(folder)
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
        raise _newer_format_error(folder, values["format"])


@contextmanager
def lock_output_folder(folder: Path | None, *, overwrite: bool) -> Iterator[None]:
    """Lock the folder of a new run against other commands; None locks nothing.

    Raises:
        RunError: see :func:`check_free`; or if another command is using it, or it cannot be created.
    """
    if folder is None:
        yield
        return
    check_free(folder, overwrite=overwrite)
    with FolderLock(folder):
        check_free(folder, overwrite=overwrite)
        yield


def prepare(folder: Path, files: Mapping[str, Any]) -> None:
    """Remove the old run from a locked folder, except ``config.json``, which the new run replaces.

    Args:
        folder: locked by :func:`lock_output_folder`.
        files: artifact files of the new run, by name.

    Raises:
        RunError: if a file that does not belong to the old run has a name that the new run needs, or a file
            cannot be removed.
    """
    make_folder(folder)
    old_files = _listed_files(_read_run_config(folder) or {})
    plots = () if (folder / PLOTS).is_symlink() else _plot_files()
    for name in (*_TRAINING_FILES, *files, *plots):
        if name not in old_files or (folder / name).is_dir():
            _check_absent(folder / name)
    check_kinds(folder, (*_TRAINING_FILES, *files))
    _remove(folder, old_files)


def check_kinds(folder: Path, names: Iterable[str] = _TRAINING_FILES) -> None:
    """Check that training can replace its files: each is a file or a link, and ``plots`` is a folder.

    Raises:
        RunError: if one is a pipe, a device or a socket, or a folder instead of a file.
    """
    check_replaceable(folder, names)
    plots = folder / PLOTS
    if plots.is_symlink():
        return
    if plots.exists() and not plots.is_dir():
        raise RunError(f"{plots}: is not a folder, but the run's plots go there; move it away")
    check_replaceable(folder, _plot_files())


def _check_absent(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise RunError(
            f"{path}: does not belong to the old run, but the new run needs that name; move it away"
        )


def empty(folder: Path) -> None:
    """Remove the run from a folder; files that do not belong to the run stay.

    Raises:
        RunError: if a file cannot be removed, or another command is using the folder.
    """
    values = _read_run_config(folder)
    if values is None:
        return
    with FolderLock(folder):
        _remove(folder, (*_listed_files(values), CONFIG))


def is_run(folder: Path) -> bool:
    """Return whether a folder has the ``config.json`` of a run, in any format."""
    return _read_run_config(folder) is not None


def clear(folder: Path) -> None:
    """Remove the temporary files of a killed process from a folder, if it is a run folder."""
    if is_run(folder):
        _remove_temporary_files(folder)


def begun(folder: Path) -> bool:
    """Return whether training has written any file; the first one is a checkpoint."""
    return any((folder / name).exists() for name in _TRAINING_FILES)


def write_config(folder: Path, task: str, version: str, files: Mapping[str, Any], **parts: Any) -> None:
    """Write ``config.json``, with the names of the run's files and the SHA-256 of its artifact files."""
    head = {
        FOLDER_KIND_KEY: KIND,
        "format": FORMAT,
        "task": task,
        "version": version,
        "files": [*_TRAINING_FILES, *files, *_plot_files()],
        "sha256": {n: hashlib.sha256(json_bytes(v)).hexdigest() for n, v in files.items()},
    }
    write_json(folder / CONFIG, head | parts)


def read_config(folder: Path) -> dict[str, Any]:
    """Read ``config.json`` of a run.

    Raises:
        RunError: if the folder is not a run, is damaged, or has an unsupported format.
    """
    _check_path_length(folder)
    if not os.path.isdir(folder):
        raise RunError(f"{folder}: no such run folder")
    values = read_json(folder / CONFIG)
    format_ = values.get("format")
    if not isinstance(format_, int):
        raise RunError(f"{folder / CONFIG}: damaged (no format number); restore it from a copy")
    if format_ > FORMAT:
        raise _newer_format_error(folder, format_)
    if format_ < FORMAT:
        raise RunError(
            f"{folder}: was made by an earlier unrolled (format {format_}, this one reads {FORMAT}); "
            "train again"
        )
    if not isinstance(values.get("task"), str):
        raise RunError(f"{folder / CONFIG}: damaged (no task); restore it from a copy")
    return values


def change_training(folder: Path, options: Mapping[str, Any]) -> None:
    """Change training options in ``config.json`` of a run.

    Raises:
        RunError: if the file cannot be read or written.
    """
    values = read_config(folder)
    values["config"]["training"] |= options
    write_json(folder / CONFIG, values)


def is_marked(folder: Path) -> bool:
    """Return whether the run has a mark. Its files then have checksums, unlike those of earlier versions.

    Raises:
        RunError: if ``config.json`` is missing or damaged.
    """
    return read_json(folder / CONFIG).get(FOLDER_KIND_KEY) == KIND


def check_artifact_files(folder: Path, values: Mapping[str, Any]) -> None:
    """Check that the artifact files have not changed since the start of the run.

    Runs without a mark may have no checksums.

    Raises:
        RunError: if one is missing or has changed.
    """
    checksums = values.get("sha256", None if values.get(FOLDER_KIND_KEY) == KIND else {})
    if not isinstance(checksums, dict) or not set(checksums) <= set(_artifact_files()):
        raise RunError(f"{folder / CONFIG}: damaged (wrong checksums); restore it from a copy")
    for name, checksum in checksums.items():
        path = folder / name
        require_regular_file(path)
        if not os.path.isfile(path):
            raise RunError(f"{path}: missing; restore it from a copy")
        data = read_bytes(path, RunError)
        if hashlib.sha256(data).hexdigest() != checksum:
            raise RunError(f"{path}: damaged (its SHA-256 is not that in {CONFIG}); restore it from a copy")


def _read_run_config(folder: Path) -> dict[str, Any] | None:
    """Return the contents of ``config.json`` if the folder has a run, in any format; else None."""
    if not (folder / CONFIG).is_file():
        return None
    try:
        values = read_json(folder / CONFIG)
    except RunError:  # unreadable: no run to replace, so the caller rejects the folder
        return None
    is_marked_run = values.get(FOLDER_KIND_KEY) == KIND
    types = {"task": str, "version": str, "config": dict, "facts": dict}  # runs of versions without the mark
    is_old_format = all(isinstance(values.get(key), kind) for key, kind in types.items())
    return values if (is_marked_run or is_old_format) and isinstance(values.get("format"), int) else None


def _listed_files(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files that a run lists; all files for a run of an earlier version, which has no list."""
    if not values:
        return ()
    all_files = _all_files()
    listed = values.get("files", all_files)
    return tuple(name for name in all_files if isinstance(listed, list | tuple) and name in listed)


def _remove_temporary_files(folder: Path) -> None:
    remove_temporary_files(folder, (CONFIG, *_all_files()))
    remove_temporary_files(folder / PLOTS)


def _remove(folder: Path, names: tuple[str, ...]) -> None:
    _remove_temporary_files(folder)
    board = folder / BOARD
    if not board.is_symlink():
        remove_files(board, [p.name for p in board.glob(f"events.out.tfevents.*{BOARD_SUFFIX}")])
    if is_report(folder / REPORT):
        remove_files(folder, (REPORT,))
    remove_files(folder, names)


def _check_path_length(folder: Path) -> None:
    """Raise RunError if the path is too long for the names of the run's files, or is otherwise invalid."""
    longest = folder / max(_all_files(), key=len)
    try:
        longest.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        raise folder_error(folder, error) from None


def _newer_format_error(folder: Path, format_: int) -> RunError:
    return RunError(
        f"{folder}: was made by a newer unrolled (format {format_}, this one reads {FORMAT}); "
        "upgrade: pip install -U unrolled"
    )
