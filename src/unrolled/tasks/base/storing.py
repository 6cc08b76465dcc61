"""Save a task as a run folder, load it, and draw its plots."""

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
from unrolled.training.log import read_log
from unrolled.training.seeding import seeded
from unrolled.training.tensor_files import write_json, write_tensors

NO_PLOTS = "no plots are drawn; to draw them: pip install 'unrolled[plots]', then unrolled resume"


class StoredTask(TaskHooks[C, D]):
    """A task that can be saved and loaded."""

    def save(self, run: str | Path, *, overwrite: bool = False) -> None:
        """Save the trained model as a run folder, for :meth:`load` and the command line.

        Raises:
            RunError: if the folder has a run and ``overwrite`` is not set, another command is using it, or
                it cannot be written.
        """
        folder = Path(run)
        model = self._require_model(nn.Module)
        with run_folder.lock_output_folder(folder, overwrite=overwrite):
            self._write_description(folder)
            write_tensors(folder / MODEL, model.state_dict(), {})
            if self.result:
                write_json(folder / run_folder.RESULT, self.result)
            self._plot_or_note(folder)

    @classmethod
    def load(cls, run: str | Path) -> Self:
        """Load a trained model.

        Raises:
            RunError: if the folder is not a run, is damaged, or has an unsupported format.
        """
        folder = Path(run)
        task = cls._load_description(folder)
        read_weights(folder, task._require_model(nn.Module))
        task.history = read_log(folder / LOG)
        if (folder / run_folder.RESULT).exists():
            task.result = read_result(folder / run_folder.RESULT)
        return task

    def draw(self, run: str | Path) -> None:
        """Draw the plots of a run again.

        Args:
            run: run folder.

        Raises:
            RunError: if another command is using the folder, or a plot cannot be written.
            MissingExtraError: if the plotting packages are not installed.
        """
        require_extra("plots", "drawing")
        with FolderLock(Path(run)):
            self._plot(Path(run))

    def _write_description(self, folder: Path) -> None:
        """Replace the run in a locked folder by the description of this model."""
        stored = self.artifacts.write()
        run_folder.prepare(folder, stored.files)
        write_description(folder, self.spec, self.config, stored, self.data_info)

    @classmethod
    def _untrained(cls, folder: Path) -> Self:
        """Return the untrained task that a run folder describes, without artifacts or model."""
        return cls._from_description(read_description(folder, cls.spec))

    @classmethod
    def _from_description(cls, description: Description) -> Self:
        task = cls(description.config)
        task.data_info = description.data_info
        return task

    @classmethod
    def _load_description(cls, folder: Path, weights: str = MODEL) -> Self:
        """Return the task that a run folder describes, with its model but not its trained weights.

        ``weights`` is the file that the model is checked against.
        """
        description = read_description(folder, cls.spec)
        task = cls._from_description(description)
        task._artifacts = read_artifacts(folder, cls.spec, description)
        check_weights(folder, weights, lambda: task._make_model(start=False))
        try:
            with seeded(task.config.training):
                task._model = task._make_model(start=False)
        except RuntimeError as error:  # from torch, for a size that no tensor can have
            if isinstance(error, UnrolledError):
                raise
            reason = str(error).splitlines()[0]
            raise RunError(
                f"{folder / run_folder.CONFIG}: describes a model that torch cannot build ({reason})"
            ) from error
        return task

    def _plot_or_note(self, folder: Path) -> None:
        """Draw the plots of a run; if the plotting packages are missing, print how to get the plots."""
        if has_extra("plots"):
            self._plot(folder)
        else:
            print(f"{NO_PLOTS} {folder}", file=sys.stderr)

    def _plot(self, folder: Path) -> None:
        if any(r["kind"] == "train" for r in self.history):
            plot_curves(self.history, folder / "plots", self.unit, self.spec.loss_unit)
        if any(r["kind"] == "watch" for r in self.history):
            plot_reach(self.history, folder / "plots")
