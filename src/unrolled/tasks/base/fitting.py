"""Train a task: from the beginning, or from the last checkpoint of a run."""

import dataclasses
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch

from unrolled.errors import DataError, RunError
from unrolled.monitoring import watch_training
from unrolled.storage.lock import FolderLock
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.hooks import C, D
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.storing import StoredTask
from unrolled.threads import ThreadChoice, choose_threads
from unrolled.training import CHECKPOINT, Callback, Trainer
from unrolled.training.bar import ProgressBar
from unrolled.training.progress_display import spinner
from unrolled.training.seeding import resolve_threads, seeded
from unrolled.training.stopping import NewLimits
from unrolled.training.tensor_files import write_json

FINISHED = (
    "the training is finished; to train further, give a later end (--epochs, --max-steps or --minutes of "
    "unrolled resume)"
)


class TrainedTask(StoredTask[C, D]):
    """A task that can be trained, in memory or in a run folder."""

    def _fit(
        self, out: str | Path | None, *, overwrite: bool, progress: bool | Callback, watch: bool | int
    ) -> None:
        """Read the data and train on them; see the ``fit`` of a task."""
        folder = Path(out) if out is not None else None
        with run_folder.lock_output_folder(folder, overwrite=overwrite):
            data = self._open_data(progress, self._prepare_data)
            self._train(data, folder, progress, watch)

    def _train(self, data: D, folder: Path | None, progress: bool | Callback, watch: bool | int) -> None:
        """Train from the beginning; the folder must be locked."""
        self.data_info = data.data_info | ({"notes": list(data.notes)} if data.notes else {})
        if progress:
            show_notes(data.notes)
        training, threads = resolve_threads(self.config.training)
        self.config = dataclasses.replace(self.config, training=training)
        with seeded(training):
            self._check_before_training(data)
            self._model = self._make_model(start=True)
            trainer = self._trainer(data, folder, progress, threads)
            watch_training(trainer, watch)
            if folder is not None:
                self._write_description(folder)
            trainer.run()
            self._finish_training(trainer, data, folder, shown=bool(progress))

    def _open_data(self, progress: bool | Callback, read: Callable[[], D]) -> D:
        with spinner(f"reading {self.sources()[0]}", shown=bool(progress)):
            return read()

    @classmethod
    def resume(
        cls,
        run: str | Path,
        *,
        until: NewLimits | None = None,
        progress: bool | Callback = True,
        watch: bool | int = False,
    ) -> Self:
        """Continue a stopped run; the result is bitwise the same as that of an uninterrupted run.

        A run that was stopped before its first checkpoint starts from the beginning. Given a later end, a
        finished run is trained further. The result is bitwise that of a longer run if the learning rate does
        not depend on the length. With schedule="cosine" the learning rate continues at the value that a run
        of the new length has at that step.

        Args:
            run: run folder.
            until: a later end, which replaces the limits of the run.
            progress: True shows a progress bar; a callback is called instead.
            watch: see ``fit``.

        Raises:
            ConfigError: if the new end is not after the last step of the run.
            RunError: if the folder is not a run, is damaged, was trained on data from memory, or another
                command is using it.
            DataError: if the training data are missing or have changed.
        """
        folder = Path(run)
        run_folder.read_config(folder)  # raises before anything is written
        with FolderLock(folder):
            run_folder.check_kinds(folder)
            run_folder.clear(folder)
            has_checkpoint = run_folder.begun(folder)
            task = cls._load_description(folder, CHECKPOINT) if has_checkpoint else cls._untrained(folder)
            if until is not None and until.given:
                training = dataclasses.replace(task.config.training, **until.limits())
                task.config = dataclasses.replace(task.config, training=training)
            source, _ = task.sources()
            if not source:
                raise RunError(f"{folder}: was trained on data from memory, which are gone; train again")
            data = task._open_data(progress, task._reload_data if has_checkpoint else task._prepare_data)
            task._check_data_unchanged(data, folder)
            if has_checkpoint:
                task._continue_training(data, folder, progress, watch, until)
            else:
                task._train(data, folder, progress, watch)
        return task

    def _continue_training(
        self,
        data: D,
        folder: Path,
        progress: bool | Callback,
        watch: bool | int,
        until: NewLimits | None,
    ) -> None:
        """Continue training from the last checkpoint."""
        training = self.config.training
        with seeded(training):
            trainer = self._trainer(data, folder, progress, choose_threads(training.threads))
            watch_training(trainer, watch)
            trainer.restore(checksums=run_folder.is_marked(folder))
            if until is None or not until.given:
                if progress and trainer.progress.finished:
                    show_notes([FINISHED])
            else:
                trainer.extend()
                run_folder.change_training(folder, until.limits())
            trainer.run()
            self._finish_training(trainer, data, folder, shown=bool(progress))

    def _check_data_unchanged(self, data: D, learner: object) -> None:
        """Check that the data are the same as when training began.

        Raises:
            DataError: if they have changed.
        """
        source, held_out = self.sources()
        for key, name in (("sha256", source), ("held_out_sha256", held_out or source)):
            if data.data_info[key] != self.data_info[key]:
                raise DataError(
                    f"{name}: has changed since {learner} began to learn from it; put the old data back, "
                    "or train again"
                )

    def _trainer(
        self, data: D, folder: Path | None, progress: bool | Callback, threads: ThreadChoice
    ) -> Trainer[Any]:
        callback = progress if isinstance(progress, Callback) else None
        if progress and callback is None:
            describe = self._describe_loss if self._describe_loss(1.0) else None
            callback = ProgressBar(
                self.unit,
                opening=str(threads),
                loss_unit=self.spec.loss_unit,
                describe=describe,
                minutes=self.config.training.minutes,
            )
        job = self._make_job(data)
        config, start = self.config, self._should_validate_start()
        return Trainer(job, config.optimizer, config.training, folder, callback, validate_start=start)

    def _finish_training(self, trainer: Trainer[Any], data: D, folder: Path | None, *, shown: bool) -> None:
        """Score the best weights, and write the result and the plots."""
        self.history = trainer.log.records
        state = trainer.progress
        self.result = {
            "steps": state.step,
            "epochs": round(state.step / max(trainer.updates_per_epoch, 1), 2),
            "best_step": state.best_step,
            "training_seconds": round(state.seconds, 6),
            "tokens_per_second": round(state.tokens / max(state.seconds, 1e-9)),
            "threads": self.config.training.threads or torch.get_num_threads(),
        } | self._final_scores(data, shown=shown)
        if folder is not None:
            write_json(folder / run_folder.RESULT, self.result)
            try:
                self._plot_or_note(folder)
            except RunError as error:
                raise RunError(
                    f"{error}; the training is finished and its weights and {run_folder.RESULT} are written; "
                    f"unrolled resume {shlex.quote(str(folder))} draws the plots"
                ) from error
