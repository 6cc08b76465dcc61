"""The training loop: one for every task, exact to the bit when it is stopped and resumed."""

import itertools
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Generic

import torch

from unrolled.devices import device_of
from unrolled.errors import NonFiniteError
from unrolled.memory import keep_freed_memory
from unrolled.training.accumulation import Accumulated, Accumulation
from unrolled.training.average import make_average
from unrolled.training.best import BestWeights
from unrolled.training.checkpoint import Learner, read_checkpoint, write_checkpoint
from unrolled.training.config import OptimizerConfig, TrainingConfig
from unrolled.training.gradients import add_penalties, clip_gradients
from unrolled.training.interrupt import DeferredInterrupt
from unrolled.training.job import Batch, Carried, Job, Progress, Update, Watcher
from unrolled.training.length import Length
from unrolled.training.log import MetricsLog
from unrolled.training.nonfinite import ADVICE, first_nonfinite, nonfinite_weights
from unrolled.training.optimizer import make_optimizer, update
from unrolled.training.placement import Placement
from unrolled.training.schedule import learning_rate

CHECKPOINT = "checkpoint.safetensors"
MODEL = "model.safetensors"
LOG = "metrics.jsonl"


class Trainer(Generic[Batch]):
    """Runs a job's batches through the model until the configured end.

    Args:
        job: what to train.
        optimizer: how weights are updated.
        training: how long, and what is kept.
        folder: where model, checkpoint and log go; None keeps all in memory.
        watcher: is told what happens.
        device: where the model computes; None leaves it where it is.
        validate_start: validate before the first update too, so that the weights of the start are kept where
            no update betters them.

    Raises:
        ConfigError: if the model does not have the precision of ``training``.
    """

    def __init__(
        self,
        job: Job[Batch],
        optimizer: OptimizerConfig,
        training: TrainingConfig,
        folder: Path | None = None,
        watcher: Watcher | None = None,
        *,
        device: torch.device | str | None = None,
        validate_start: bool = False,
    ) -> None:
        keep_freed_memory()
        self.job, self.training, self.folder = job, training, folder
        self.placement = Placement(torch.device(device or device_of(job.model)), training.precision)
        self.placement.prepare(job.model)
        self.optimizer_config = optimizer
        self.parameters = [p for p in job.model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(optimizer, self.parameters)
        self.average = make_average(optimizer, self.parameters)
        self.progress = Progress()
        self.carried: Carried = None
        self.log = MetricsLog(folder / LOG if folder else None)
        self.watcher = watcher or Watcher()
        self.validate_start = validate_start
        self._accumulation = Accumulation(job, self.placement, self.parameters)
        self._best = BestWeights(job.model, folder / MODEL if folder else None)
        self._learner = Learner(job.model, self.optimizer, self.average, self.placement.device)
        self._checksums = True
        self._last_checkpoint = time.monotonic()
        self.length = Length.planned(training, self.updates_per_epoch)
        self.total_steps = self.length.steps

    @property
    def updates_per_epoch(self) -> int:
        """Updates of an epoch, of which the last may have fewer batches than the others."""
        return -(-self.job.batch_count() // self.training.accumulate)

    def run(self) -> None:
        """Train to the end; the model then holds its best weights (by validation, if there is one).

        Raises:
            NonFiniteError: if the loss, a gradient or an updated weight is not finite; it is never saved.
            RunError: if a file cannot be written.
            KeyboardInterrupt: after a checkpoint was written.
        """
        if self.progress.step == 0:
            self.save_checkpoint()
        self.watcher.started(self.progress, self.total_steps)
        if self.progress.step == 0 and self.validate_start:
            self._validate()
        try:
            with DeferredInterrupt() as interrupt:
                while not self.progress.finished:
                    self._epoch(interrupt)
        finally:
            self.watcher.ended(self.progress)
        self._best.put_back(checksum=self._checksums)
        self.job.model.eval()

    def _epoch(self, interrupt: DeferredInterrupt) -> None:
        progress = self.progress
        batches = itertools.islice(self.job.batches(progress.epoch), progress.position, None)
        last = self.job.batch_count()
        while group := list(itertools.islice(batches, self.training.accumulate)):
            if self._is_over():
                break
            before = progress.seconds
            self._update(group)
            self._record(before)
            at_end = progress.position == last
            every = self.training.validate_every
            if progress.step % every == 0 if every else at_end:
                self._validate()
            if at_end:
                progress.epoch, progress.position, self.carried = progress.epoch + 1, 0, None
            if self._stops_early():
                break
            if interrupt.requested:
                self.save_checkpoint()
                raise KeyboardInterrupt
            if self._checkpoint_due():
                self.save_checkpoint()
        if self._is_over() or self._stops_early():
            self._finish()

    def _is_over(self) -> bool:
        return self.length.over(self.progress.step, self.progress.seconds)

    def _update(self, batches: Sequence[Batch]) -> None:
        """Make one update from batches that follow each other."""
        progress, began = self.progress, time.perf_counter()
        lr = learning_rate(
            self.optimizer_config,
            progress.step,
            self.total_steps,
            progress.epoch,
            progress.plateau,
            self.length.share_of_time(progress.seconds),
        )
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.job.model.train()
        self.optimizer.zero_grad()  # before the forward pass, which then reuses the memory
        done = self._accumulation.run(batches, self.carried)
        add_penalties(self.optimizer_config, self.parameters)
        norm, factor = clip_gradients(self.optimizer_config, self.parameters)
        if not (done.finite and norm < float("inf")):
            self._stop_nonfinite(done, norm)
        watched = self._tell_updating(Update(done.batch, done.carried, norm, factor))
        update(self.optimizer, factor)
        if self.average:
            self.average.update()
        self.carried = done.state
        progress.step += 1
        progress.position += len(batches)
        progress.tokens += done.tokens
        progress.window_loss += done.total
        progress.window_tokens += done.tokens
        progress.seconds += time.perf_counter() - began - watched
        self.watcher.stepped(progress, done.total / max(done.tokens, 1), lr)

    def _tell_updating(self, update: Update) -> float:
        """Tell the watcher; return the seconds that it took, which are none of training's."""
        began = time.perf_counter()
        self.watcher.updating(self.progress, update)
        return time.perf_counter() - began

    def _record(self, seconds_before: float) -> None:
        progress = self.progress
        if self.length.marked(progress.step, progress.seconds, seconds_before):
            self._log("train", progress.window_loss / max(progress.window_tokens, 1))
            progress.window_loss, progress.window_tokens = 0.0, 0

    def _log(self, kind: str, loss: float, **figures: float) -> None:
        progress = self.progress
        self.log.add(
            {
                "kind": kind,
                "step": progress.step,
                "epoch": progress.epoch,
                "tokens": progress.tokens,
                "seconds": round(progress.seconds, 3),
                "loss": loss,
                "lr": self.optimizer.param_groups[0]["lr"],
            }
            | figures
        )

    def _validate(self) -> None:
        progress = self.progress
        self.watcher.validating()
        if self.average:
            self.average.swap()
        try:
            with self.placement.computing(self.job.model):
                found = self.job.validate()
            if found is None:
                return
            if not (math.isfinite(found.loss) and math.isfinite(found.score)):
                where = "the held-out loss"
                raise self._nonfinite(progress.step, where, f"{where} is not finite")
            improved = progress.best is None or found.score < progress.best
            self._log("valid", found.loss, score=found.score, **found.figures)
            if improved:
                progress.best, progress.best_step, progress.worse = found.score, progress.step, 0
                self._keep_best()
            else:
                progress.worse += 1
        finally:
            if self.average:
                self.average.swap()
        progress.plateau.validated(found.score, self.optimizer_config.decay, self.optimizer_config.patience)
        if self.average:
            self.average.validated(found.score)
        self.watcher.validated(progress, found, improved)

    def _keep_best(self) -> None:
        self._require_finite_weights()
        self._best.keep()

    def _stops_early(self) -> bool:
        limit = self.training.early_stopping
        return bool(limit) and self.progress.worse >= limit

    def _finish(self) -> None:
        progress = self.progress
        validations = [r for r in self.log.records if r["kind"] == "valid"]
        if not validations or validations[-1]["step"] != progress.step:
            self._validate()
        if progress.best is None:
            if self.average:
                self.average.swap()
            self._keep_best()
        progress.finished = True
        self.save_checkpoint()

    def _checkpoint_due(self) -> bool:
        if not self.folder:
            return False
        every, minutes = self.training.checkpoint_steps, self.training.checkpoint_minutes
        if every and self.progress.step % every == 0:
            return True
        return bool(minutes) and time.monotonic() - self._last_checkpoint >= 60 * minutes

    def save_checkpoint(self) -> None:
        """Write everything that training needs to go on, as one file that replaces the last.

        Raises:
            RunError: if it cannot be written; the earlier checkpoint then stands.
            NonFiniteError: if the weights are not finite; the earlier checkpoint then stands.
        """
        if not self.folder:
            return
        self._require_finite_weights()
        self.progress.log_position = self.log.position()
        write_checkpoint(self.folder / CHECKPOINT, self._learner, self.progress, self.carried)
        self._last_checkpoint = time.monotonic()

    def restore(self, *, checksums: bool = True) -> None:
        """Go back to the last checkpoint of the folder.

        Args:
            checksums: whether checkpoint and weights must have one; those of earlier versions have none.

        Raises:
            RunError: if there is none, or it is damaged.
        """
        assert self.folder is not None
        self._checksums = checksums
        self.progress, self.carried = read_checkpoint(
            self.folder / CHECKPOINT, self._learner, batches=self.job.batch_count(), checksum=checksums
        )
        self.log.rewind(self.progress.log_position)

    def _stop_nonfinite(self, done: Accumulated, norm: float) -> None:
        with self.placement.computing(self.job.model):
            where = first_nonfinite(self.job.model, lambda: self.job.loss(done.batch, done.carried).loss)
        said = f"the loss or its gradient is not finite (gradient norm {norm:g}); first seen in {where}"
        raise self._nonfinite(self.progress.step + 1, where, said)

    def _require_finite_weights(self) -> None:
        """Refuse to keep weights that a finite gradient times a huge rate has made infinite."""
        if where := nonfinite_weights(self.job.model):
            said = f"the update made {where} infinite or not a number"
            raise self._nonfinite(self.progress.step, where, said)

    def _nonfinite(self, step: int, where: str, said: str) -> NonFiniteError:
        """Write down where training broke, and return the error to raise."""
        self.log.add({"kind": "nonfinite", "step": step, "epoch": self.progress.epoch, "where": where})
        return NonFiniteError(f"step {step}: {said}; {ADVICE}; {self._kept()}")

    def _kept(self) -> str:
        if self.folder:
            return f"the last good checkpoint stands in {self.folder}"
        return "nothing was saved: give a folder to keep checkpoints in"
