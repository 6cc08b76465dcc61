"""The folder of an experiment: its plan, outcomes and runs. Finished trainings are not repeated."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from unrolled.errors import RunError
from unrolled.storage.folder import MARK, clear_unfinished, list_folder, make_folder, remove_files
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.tasks.base.folder import CONFIG, PLOTS, clear, empty, is_run
from unrolled.training.files import read_json, write_json

PLAN = "plan.json"
DATA = "data"
"""Key in the plan for the fingerprint of the data."""


@dataclass(frozen=True)
class Layout:
    """Names in the folder of one kind of experiment, and words for messages."""

    kind: str
    """Mark in the plan, and noun: "comparison", "trials"."""
    another: str
    """The same with another plan, for messages."""
    replace: str
    """How the user replaces it, for messages."""
    earlier: frozenset[str]
    """Keys by which a plan is known that an earlier version wrote without a mark."""
    results: tuple[str, ...]
    """Files made of the outcomes at the end: tables, plots."""
    outcomes: str
    """Glob pattern of the files that hold outcomes."""
    runs: str
    """Glob pattern of the run folders."""
    inner: tuple[str, ...] = ()
    """Further folders in which files are written."""


class ExperimentFolder:
    """A folder of outcomes and runs; use :meth:`locked` to open it. Outcomes in it are not made again.

    Args:
        folder: locked; made if it is missing.
        plan: the trainings to make, as values for JSON.
        overwrite: begin anew even if it holds outcomes or runs, which are removed.

    Raises:
        RunError: if it holds outcomes or runs of another plan, or anything else; or cannot be made.
    """

    layout: ClassVar[Layout]

    def __init__(self, folder: Path, plan: dict[str, Any], *, overwrite: bool = False) -> None:
        self.folder = folder
        layout, present = self.layout, list_folder(folder)
        before = read_json(folder / PLAN) if PLAN in present else {}
        if present and not (before.get(MARK) == layout.kind or layout.earlier <= before.keys()):
            raise RunError(f"{folder}: is not empty and holds no {layout.kind}; choose another folder")
        check_replaceable(folder, (PLAN, *layout.results))
        self._clear_unfinished()
        begun = any(folder.glob(layout.outcomes)) or any(folder.glob(layout.runs))
        if begun and not overwrite:
            odd = [name for name in plan if before.get(name) != json.loads(json.dumps(plan[name]))]
            if odd:
                raise RunError(
                    f"{folder}: holds {layout.another} ({', '.join(odd)} of it differs); choose another "
                    f"folder, or {layout.replace}"
                )
            return
        make_folder(folder)
        self._remove_old()
        write_json(folder / PLAN, {MARK: layout.kind} | plan)

    @classmethod
    @contextmanager
    def locked(cls, path: Path, plan: dict[str, Any], *, overwrite: bool = False) -> Iterator[Self]:
        """Open a folder that no other command can use meanwhile.

        Raises:
            RunError: as the class does, and if another command works there.
        """
        list_folder(path)  # fails now if it cannot be a folder
        folder = path.resolve()
        with FolderLock(folder):
            yield cls(folder, plan, overwrite=overwrite)

    def check_data(self, fingerprint: str) -> None:
        """Remember the data of which the outcomes are.

        Raises:
            RunError: if the outcomes in the folder are of other data.
        """
        plan = read_json(self.folder / PLAN)
        if plan.setdefault(DATA, fingerprint) != fingerprint:
            raise RunError(
                f"{self.folder}: the data have changed since the {self.layout.kind} began; put the old "
                f"ones back, choose another folder, or {self.layout.replace}"
            )
        write_json(self.folder / PLAN, plan)

    @property
    def marked(self) -> bool:
        """Whether the plan is of a version that marks what it writes, and adds checksums."""
        return read_json(self.folder / PLAN).get(MARK) == self.layout.kind

    def is_outcome(self, path: Path) -> bool:
        """Tell a file with an outcome from another program's of the same name."""
        return True

    def _clear_unfinished(self) -> None:
        """Remove the temporary files that a kill left."""
        for name in ("", *self.layout.inner):
            clear_unfinished(self.folder / name)
        for run in self._run_folders():
            with FolderLock(run):
                clear(run)

    def _run_folders(self) -> list[Path]:
        """Return the folders of the runs, without links and the folders of other programs."""
        found = [config.parent for config in self.folder.glob(f"{self.layout.runs}/{CONFIG}")]
        return [run for run in found if not self._is_linked(run) and is_run(run)]

    def _is_linked(self, run: Path) -> bool:
        parts = run.relative_to(self.folder).parts
        return any(self.folder.joinpath(*parts[: i + 1]).is_symlink() for i in range(len(parts)))

    def _remove_old(self) -> None:
        """Remove results, outcomes and runs; what someone else put there stays."""
        outcomes = [path for path in self.folder.glob(self.layout.outcomes) if self.is_outcome(path)]
        names = [path.relative_to(self.folder).as_posix() for path in outcomes]
        remove_files(self.folder, (*self.layout.results, *names))
        for run in self._run_folders():
            empty(run)
            with contextlib.suppress(OSError):  # not empty: someone put a file there
                for emptied in (run / PLOTS, run):
                    emptied.rmdir()
