"""The training of a task: from the beginning, or from the last checkpoint of a run."""

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
from unrolled.training import CHECKPOINT, Trainer, Watcher
from unrolled.training.bar import ProgressBar
from unrolled.training.files import write_json
from unrolled.training.length import NewEnd
from unrolled.training.seeding import seeded, with_threads
from unrolled.training.waiting import spinner

FINISHED = (
    "the training is finished; a later end trains it further (--epochs, --max-steps or --minutes of "
    "unrolled resume)"
)


class TrainedTask(StoredTask[C, D]):
    """Trains a task in memory or in a run folder."""

    def _fit(
        self, out: str | Path | None, *, overwrite: bool, progress: bool | Watcher, watch: bool | int
    ) -> None:
        """Train on what the configuration names; see a task's ``fit``."""
        folder = Path(out) if out is not None else None
        with run_folder.claim(folder, overwrite=overwrite):
            data = self._open_data(progress, self._learn)
            self._train(data, folder, progress, watch)

    def _train(self, data: D, folder: Path | None, progress: bool | Watcher, watch: bool | int) -> None:
        """Train from the beginning, in a folder that is locked."""
        self.facts = data.facts | ({"notes": list(data.notes)} if data.notes else {})
        if progress:
            show_notes(data.notes)
        training, threads = with_threads(self.config.training)
        self.config = dataclasses.replace(self.config, training=training)
        with seeded(training):
            self._check_before_training(data)
            self._model = self._make_model(start=True)
            trainer = self._trainer(data, folder, progress, threads)
            watch_training(trainer, watch)
            if folder is not None:
                self._begin_folder(folder)
            trainer.run()
            self._conclude(trainer, data, folder, shown=bool(progress))

    def _open_data(self, progress: bool | Watcher, read: Callable[[], D]) -> D:
        with spinner(f"reading {self.sources()[0]}", shown=bool(progress)):
            return read()

    @classmethod
    def resume(
        cls,
        run: str | Path,
        *,
        until: NewEnd | None = None,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Go on with a run that was stopped; it ends with the bits of one that never was.

        A run that was stopped before its first checkpoint begins anew. With a later end a finished run is
        trained further: to the bits of a longer run where the learning rate does not depend on the length.
        With schedule="cosine" it goes on at the rate that a run of the new length has there.

        Args:
            run: its folder.
            until: a later end, which replaces the limits of the run.
            progress: show a bar, or tell a watcher.
            watch: as in ``fit``.

        Raises:
            ConfigError: if the new end is not later than where the run is.
            RunError: if the folder is not a run, is damaged, was trained on data from memory, or another
                command works in it.
            DataError: if the training data are gone or are no longer the same.
        """
        folder = Path(run)
        run_folder.read_config(folder)  # says what is wrong before anything is written
        with FolderLock(folder):
            run_folder.check_kinds(folder)
            run_folder.clear(folder)
            begun = run_folder.begun(folder)
            task = cls._described(folder, CHECKPOINT) if begun else cls._planned(folder)
            if until is not None and until.given:
                training = dataclasses.replace(task.config.training, **until.limits())
                task.config = dataclasses.replace(task.config, training=training)
            source, _ = task.sources()
            if not source:
                raise RunError(f"{folder}: was trained on data from memory, which are gone; train it anew")
            data = task._open_data(progress, task._reread if begun else task._learn)
            task._check_same(data, folder)
            if begun:
                task._go_on(data, folder, progress, watch, until)
            else:
                task._train(data, folder, progress, watch)
        return task

    def _go_on(
        self,
        data: D,
        folder: Path,
        progress: bool | Watcher,
        watch: bool | int,
        until: NewEnd | None,
    ) -> None:
        """Train on from the last checkpoint."""
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
            self._conclude(trainer, data, folder, shown=bool(progress))

    def _check_same(self, data: D, learner: object) -> None:
        """Check that data which were read again are those of training.

        Raises:
            DataError: if they have changed.
        """
        source, held_out = self.sources()
        for key, name in (("sha256", source), ("held_out_sha256", held_out or source)):
            if data.facts[key] != self.facts[key]:
                raise DataError(
                    f"{name}: has changed since {learner} began to learn from it; put the old data back, "
                    "or train anew"
                )

    def _trainer(
        self, data: D, folder: Path | None, progress: bool | Watcher, threads: ThreadChoice
    ) -> Trainer[Any]:
        watcher = progress if isinstance(progress, Watcher) else None
        if progress and watcher is None:
            described = self._describe_loss if self._describe_loss(1.0) else None
            watcher = ProgressBar(
                self.unit,
                opening=str(threads),
                loss_unit=self.spec.loss_unit,
                describe=described,
                minutes=self.config.training.minutes,
            )
        job = self._make_job(data)
        config, start = self.config, self._start_is_useful()
        return Trainer(job, config.optimizer, config.training, folder, watcher, validate_start=start)

    def _conclude(self, trainer: Trainer[Any], data: D, folder: Path | None, *, shown: bool) -> None:
        """Score the best weights and write what a reader wants."""
        self.history = trainer.log.records
        done = trainer.progress
        self.result = {
            "steps": done.step,
            "epochs": round(done.step / max(trainer.updates_per_epoch, 1), 2),
            "best_step": done.best_step,
            "training_seconds": round(done.seconds, 6),
            "tokens_per_second": round(done.tokens / max(done.seconds, 1e-9)),
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
