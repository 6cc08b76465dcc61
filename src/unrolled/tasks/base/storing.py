"""A task as a run folder: save, load, and the plots."""

import sys
from pathlib import Path
from typing import Self

from torch import nn

from unrolled.errors import RunError, UnrolledError
from unrolled.extras import has_extra, require_extra
from unrolled.monitoring import plot_reach
from unrolled.storage.lock import FolderLock
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.description import (
    Description,
    check_weights,
    read_artifacts,
    read_description,
    read_result,
    read_weights,
    write_description,
)
from unrolled.tasks.base.hooks import C, D, TaskHooks
from unrolled.tasks.base.plots import plot_curves
from unrolled.training import LOG, MODEL
from unrolled.training.files import write_json, write_tensors
from unrolled.training.log import read_log
from unrolled.training.seeding import seeded

NO_PLOTS = "no plots are drawn; to draw them: pip install 'unrolled[plots]', then unrolled resume"


class StoredTask(TaskHooks[C, D]):
    """Writes a trained model and reads it back."""

    def save(self, run: str | Path, *, overwrite: bool = False) -> None:
        """Write the trained model as a folder that :meth:`load` and the command line read.

        Raises:
            RunError: if the folder holds a run and ``overwrite`` is not set, another command works in it, or
                it cannot be written.
        """
        folder = Path(run)
        model = self._trained(nn.Module)
        with run_folder.claim(folder, overwrite=overwrite):
            self._begin_folder(folder)
            write_tensors(folder / MODEL, model.state_dict(), {})
            if self.result:
                write_json(folder / run_folder.RESULT, self.result)
            self._plot_or_note(folder)

    @classmethod
    def load(cls, run: str | Path) -> Self:
        """Read a trained model.

        Raises:
            RunError: if the folder is not a run, is damaged, or of another format.
        """
        folder = Path(run)
        task = cls._described(folder)
        read_weights(folder, task._trained(nn.Module))
        task.history = read_log(folder / LOG)
        if (folder / run_folder.RESULT).exists():
            task.result = read_result(folder / run_folder.RESULT)
        return task

    def draw(self, run: str | Path) -> None:
        """Draw the plots of a run again.

        Args:
            run: its folder.

        Raises:
            RunError: if another command works there, or a plot cannot be written.
            MissingExtraError: if the packages that draw are not installed.
        """
        require_extra("plots", "drawing")
        with FolderLock(Path(run)):
            self._plot(Path(run))

    def _begin_folder(self, folder: Path) -> None:
        """Replace what a claimed folder holds by the description of this model."""
        stored = self.artifacts.write()
        run_folder.prepare(folder, stored.files)
        write_description(folder, self.spec, self.config, stored, self.facts)

    @classmethod
    def _planned(cls, folder: Path) -> Self:
        """Return the task that a folder describes, before it has learned anything."""
        return cls._of(read_description(folder, cls.spec))

    @classmethod
    def _of(cls, described: Description) -> Self:
        task = cls(described.config)
        task.facts = described.facts
        return task

    @classmethod
    def _described(cls, folder: Path, weights: str = MODEL) -> Self:
        """Build the model that a folder describes, without its trained weights; ``weights`` is their file."""
        described = read_description(folder, cls.spec)
        task = cls._of(described)
        task._artifacts = read_artifacts(folder, cls.spec, described)
        check_weights(folder, weights, lambda: task._make_model(start=False))
        try:
            with seeded(task.config.training):
                task._model = task._make_model(start=False)
        except RuntimeError as error:  # torch's, of a number that no tensor takes
            if isinstance(error, UnrolledError):
                raise
            reason = str(error).splitlines()[0]
            raise RunError(
                f"{folder / run_folder.CONFIG}: asks for a model that torch refuses ({reason})"
            ) from error
        return task

    def _plot_or_note(self, folder: Path) -> None:
        """Draw the plots of a run; say in one line how to get them where their packages are missing."""
        if has_extra("plots"):
            self._plot(folder)
        else:
            print(f"{NO_PLOTS} {folder}", file=sys.stderr)

    def _plot(self, folder: Path) -> None:
        if any(r["kind"] == "train" for r in self.history):
            plot_curves(self.history, folder / "plots", self.unit, self.spec.loss_unit)
        if any(r["kind"] == "watch" for r in self.history):
            plot_reach(self.history, folder / "plots")
