"""The folder of an experiment: its plan, outcomes and runs, so that finished trainings are not repeated."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from unrolled.errors import RunError
from unrolled.storage.folder import (
    FOLDER_KIND_KEY,
    list_folder,
    make_folder,
    remove_files,
    remove_temporary_files,
)
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.tasks.base.folder import CONFIG, PLOTS, clear, empty, is_run
from unrolled.training.tensor_files import read_json, write_json

PLAN = "plan.json"
DATA = "data"
"""Key in the plan for the fingerprint of the data."""


@dataclass(frozen=True)
class Layout:
    """File names in the folder of one kind of experiment, and the words that messages use for it."""

    kind: str
    """Mark in the plan, and noun in messages: "comparison" or "trials"."""
    another: str
    """Words for an experiment with a different plan, as in "trials of another plan"."""
    replace: str
    """How the user replaces the experiment, as in "--overwrite"."""
    earlier: frozenset[str]
    """Keys that identify a plan of an earlier version, which has no mark."""
    results: tuple[str, ...]
    """Names of the files written from all outcomes at the end: tables, plots."""
    outcomes: str
    """Glob pattern of the outcome files."""
    runs: str
    """Glob pattern of the run folders."""
    inner: tuple[str, ...] = ()
    """Names of other inner folders that files are written into."""


class ExperimentFolder:
    """A folder of outcomes and runs, opened with :meth:`locked`. Outcomes it holds are not computed again.

    Args:
        folder: path, already locked; created if missing.
        plan: the planned trainings, as JSON values.
        overwrite: remove all outcomes and runs in the folder, and start again.

    Raises:
        RunError: if the folder holds outcomes or runs of another plan, or other files, or cannot be created.
    """

    layout: ClassVar[Layout]

    def __init__(self, folder: Path, plan: dict[str, Any], *, overwrite: bool = False) -> None:
        self.folder = folder
        layout, present = self.layout, list_folder(folder)
        old_plan = read_json(folder / PLAN) if PLAN in present else {}
        if present and not (
            old_plan.get(FOLDER_KIND_KEY) == layout.kind or layout.earlier <= old_plan.keys()
        ):
            raise RunError(f"{folder}: is not empty and holds no {layout.kind}; choose another folder")
        check_replaceable(folder, (PLAN, *layout.results))
        self._clear_unfinished()
        has_results = any(folder.glob(layout.outcomes)) or any(folder.glob(layout.runs))
        if has_results and not overwrite:
            changed = [name for name in plan if old_plan.get(name) != json.loads(json.dumps(plan[name]))]
            if changed:
                raise RunError(
                    f"{folder}: holds {layout.another} ({', '.join(changed)} of it differs); choose another "
                    f"folder, or {layout.replace}"
                )
            return
        make_folder(folder)
        self._remove_old()
        write_json(folder / PLAN, {FOLDER_KIND_KEY: layout.kind} | plan)

    @classmethod
    @contextmanager
    def locked(cls, path: Path, plan: dict[str, Any], *, overwrite: bool = False) -> Iterator[Self]:
        """Open a folder and lock it against other commands until the block ends.

        Raises:
            RunError: as for the class, and if another command is using the folder.
        """
        list_folder(path)  # fails here if the path cannot be a folder
        folder = path.resolve()
        with FolderLock(folder):
            yield cls(folder, plan, overwrite=overwrite)

    def check_data(self, fingerprint: str) -> None:
        """Write the fingerprint of the data into the plan, or compare it with the one already there.

        Raises:
            RunError: if the outcomes in the folder were computed on other data.
        """
        plan = read_json(self.folder / PLAN)
        if plan.setdefault(DATA, fingerprint) != fingerprint:
            raise RunError(
                f"{self.folder}: the data have changed since the {self.layout.kind} began; restore the old "
                f"data, choose another folder, or {self.layout.replace}"
            )
        write_json(self.folder / PLAN, plan)

    @property
    def is_marked(self) -> bool:
        """True if the plan was written by a version that marks its files and adds checksums to them."""
        return read_json(self.folder / PLAN).get(FOLDER_KIND_KEY) == self.layout.kind

    def is_outcome(self, path: Path) -> bool:
        """Return whether a file holds an outcome; a file of another program may have a similar name."""
        return True

    def _clear_unfinished(self) -> None:
        """Remove temporary files left by a killed process."""
        for name in ("", *self.layout.inner):
            remove_temporary_files(self.folder / name)
        for run in self._run_folders():
            with FolderLock(run):
                clear(run)

    def _run_folders(self) -> list[Path]:
        """Return the run folders, without symbolic links and folders of other programs."""
        candidates = [config.parent for config in self.folder.glob(f"{self.layout.runs}/{CONFIG}")]
        return [run for run in candidates if not self._is_linked(run) and is_run(run)]

    def _is_linked(self, run: Path) -> bool:
        parts = run.relative_to(self.folder).parts
        return any(self.folder.joinpath(*parts[: i + 1]).is_symlink() for i in range(len(parts)))

    def _remove_old(self) -> None:
        """Remove results, outcomes and runs, but no files of other programs."""
        outcomes = [path for path in self.folder.glob(self.layout.outcomes) if self.is_outcome(path)]
        names = [path.relative_to(self.folder).as_posix() for path in outcomes]
        remove_files(self.folder, (*self.layout.results, *names))
        for run in self._run_folders():
            empty(run)
            with contextlib.suppress(OSError):  # not empty: another program wrote a file there
                for directory in (run / PLOTS, run):
                    directory.rmdir()
