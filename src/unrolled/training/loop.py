"""The training loop of all tasks. A stopped and resumed run gives the same bits as an uninterrupted one."""

import itertools
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Generic

import torch

from unrolled.allocator import keep_freed_memory
from unrolled.devices import get_device
from unrolled.errors import ConfigError, NonFiniteError
from unrolled.training.accumulation import AccumulatedLoss, GradientAccumulator
from unrolled.training.average import make_average
from unrolled.training.best_weights import BestWeights
from unrolled.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from unrolled.training.config import OptimizerConfig, TrainingConfig
from unrolled.training.files import CHECKPOINT, LOG, MODEL
from unrolled.training.gradients import add_penalties, clip_gradients
from unrolled.training.interrupt import DeferredInterrupt
from unrolled.training.job import Batch, Callback, CarriedState, Job, Progress, StepStats
from unrolled.training.log import MetricsLog
from unrolled.training.nonfinite import ADVICE, first_nonfinite, nonfinite_weights
from unrolled.training.optimizer import make_optimizer, scaled_step
from unrolled.training.placement import Placement
from unrolled.training.schedule import learning_rate
from unrolled.training.stopping import StoppingCriterion
from unrolled.wording import counted


class Trainer(Generic[Batch]):
    """Trains the model of a job until a configured limit is reached.

    Args:
        job: model, data and loss.
        optimizer: options of the optimizer and the schedule.
        training: options of the training loop.
        folder: folder for model, checkpoint and log; None keeps everything in memory.
        callback: callback to notify.
        device: device of the model; None keeps the current device.
        validate_start: validate before the first step too, so that the initial weights are kept if no step
            improves on them.

    Raises:
        ConfigError: if the model does not support the precision of ``training``.
    """

    def __init__(
        self,
        job: Job[Batch],
        optimizer: OptimizerConfig,
        training: TrainingConfig,
        folder: Path | None = None,
        callback: Callback | None = None,
        *,
        device: torch.device | str | None = None,
        validate_start: bool = False,
    ) -> None:
        keep_freed_memory()
        self.job, self.training, self.folder = job, training, folder
        self.placement = Placement(torch.device(device or get_device(job.model)), training.precision)
        self.placement.prepare(job.model)
        self.optimizer_config = optimizer
        self.parameters = [p for p in job.model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(optimizer, self.parameters)
        self.average = make_average(optimizer, self.parameters)
        self.progress = Progress()
        self.carried: CarriedState = None
        self.log = MetricsLog(folder / LOG if folder else None)
        self.callback = callback or Callback()
        self.validate_start = validate_start
        self._accumulator = GradientAccumulator(job, self.placement, self.parameters)
        self._best = BestWeights(job.model, folder / MODEL if folder else None)
        self._state = TrainingState(job.model, self.optimizer, self.average, self.placement.device)
        self._checksums = True
        self._last_checkpoint = time.monotonic()
        self.length = StoppingCriterion.from_config(training, self.updates_per_epoch)
        self.total_steps = self.length.steps

    @property
    def updates_per_epoch(self) -> int:
        """Optimizer steps per epoch; the last one may have fewer batches than the others."""
        return -(-self.job.batch_count() // self.training.accumulate)

    def run(self) -> None:
        """Train until a limit is reached. The model then has its best weights (by validation, if possible).

        Raises:
            NonFiniteError: if the loss, a gradient or an updated weight is not finite; such weights are never
                saved.
            RunError: if a file cannot be written.
            KeyboardInterrupt: on Ctrl-C, after a checkpoint was written.
        """
        if self.progress.step == 0:
            self.save_checkpoint()
        self.callback.on_train_begin(self.progress, self.total_steps)
        if self.progress.step == 0 and self.validate_start:
            self._validate()
        try:
            with DeferredInterrupt() as interrupt:
                while not self.progress.finished:
                    self._run_epoch(interrupt)
        finally:
            self.callback.on_train_end(self.progress)
        self._best.restore(checksum=self._checksums)
        self.job.model.eval()

    def _run_epoch(self, interrupt: DeferredInterrupt) -> None:
        progress = self.progress
        batches = itertools.islice(self.job.batches(progress.epoch), progress.position, None)
        batch_count = self.job.batch_count()
        while group := list(itertools.islice(batches, self.training.accumulate)):
            if self._is_over():
                break
            seconds_before = progress.seconds
            self._update(group)
            self._log_train_loss(seconds_before)
            at_end = progress.position == batch_count
            every = self.training.validate_every
            if progress.step % every == 0 if every else at_end:
                self._validate()
            if at_end:
                progress.epoch, progress.position, self.carried = progress.epoch + 1, 0, None
            if self._should_stop_early():
                break
            if interrupt.requested:
                self.save_checkpoint()
                raise KeyboardInterrupt
            if self._is_checkpoint_due():
                self.save_checkpoint()
        if self._is_over() or self._should_stop_early():
            self._finish()

    def _is_over(self) -> bool:
        return self.length.is_reached(self.progress.step, self.progress.seconds)

    def _update(self, batches: Sequence[Batch]) -> None:
        """Run one optimizer step on consecutive batches."""
        progress, began = self.progress, time.perf_counter()
        lr = learning_rate(
            self.optimizer_config,
            progress.step,
            self.total_steps,
            progress.epoch,
            progress.plateau,
            self.length.time_fraction(progress.seconds),
        )
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.job.model.train()
        self.optimizer.zero_grad()  # before the forward pass, so that it reuses the memory
        accumulated = self._accumulator.run(batches, self.carried)
        add_penalties(self.optimizer_config, self.parameters)
        norm, factor = clip_gradients(self.optimizer_config, self.parameters)
        if not (accumulated.finite and norm < float("inf")):
            self._raise_nonfinite(accumulated, norm)
        stats = StepStats(accumulated.batch, accumulated.carried, norm, factor)
        callback_seconds = self._notify_before_step(stats)
        scaled_step(self.optimizer, factor)
        if self.average:
            self.average.update()
        self.carried = accumulated.state
        progress.step += 1
        progress.position += len(batches)
        progress.tokens += accumulated.tokens
        progress.window_loss += accumulated.total
        progress.window_tokens += accumulated.tokens
        progress.seconds += time.perf_counter() - began - callback_seconds
        self.callback.on_step_end(progress, accumulated.total / max(accumulated.tokens, 1), lr)

    def _notify_before_step(self, stats: StepStats) -> float:
        """Notify the callback; return the seconds it took, which do not count as training time."""
        began = time.perf_counter()
        self.callback.on_pre_optimizer_step(self.progress, stats)
        return time.perf_counter() - began

    def _log_train_loss(self, seconds_before: float) -> None:
        progress = self.progress
        if self.length.should_log(progress.step, progress.seconds, seconds_before):
            self._log("train", progress.window_loss / max(progress.window_tokens, 1))
            progress.window_loss, progress.window_tokens = 0.0, 0

    def _log(self, kind: str, loss: float, **metrics: float) -> None:
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
            | metrics
        )

    def _validate(self, *, regular: bool = True) -> None:
        """Validate and keep the best weights.

        Args:
            regular: False for the last validation if no regular one is due. Only the choice of the best
                weights then depends on it, not the plateau schedule or the average.
        """
        progress = self.progress
        self.callback.on_validation_begin()
        if self.average:
            self.average.swap()
        try:
            with self.placement.computing(self.job.model):
                validation = self.job.validate()
            if validation is None:
                return
            if not (math.isfinite(validation.loss) and math.isfinite(validation.score)):
                where = "the held-out loss"
                raise self._nonfinite_error(progress.step, where, f"{where} is not finite")
            improved = progress.best is None or validation.score < progress.best
            self._log("valid", validation.loss, score=validation.score, **validation.figures)
            if improved:
                progress.best, progress.best_step, progress.worse = validation.score, progress.step, 0
                self._save_best()
            else:
                progress.worse += 1
        finally:
            if self.average:
                self.average.swap()
        if regular:
            decay, patience = self.optimizer_config.decay, self.optimizer_config.patience
            progress.plateau.record_validation(validation.score, decay, patience)
            if self.average:
                self.average.record_validation(validation.score)
        self.callback.on_validation_end(progress, validation, improved)

    def _save_best(self) -> None:
        self._require_finite_weights()
        self._best.save()

    def _should_stop_early(self) -> bool:
        limit = self.training.early_stopping
        return bool(limit) and self.progress.worse >= limit

    def _finish(self) -> None:
        progress = self.progress
        validations = [r for r in self.log.records if r["kind"] == "valid"]
        if not validations or validations[-1]["step"] != progress.step:
            self._validate(regular=False)
        if progress.best is None:
            if self.average:
                self.average.swap()
            self._save_best()
            if self.average:
                self.average.swap()
        progress.finished = True
        self.save_checkpoint()

    def _is_checkpoint_due(self) -> bool:
        if not self.folder:
            return False
        every, minutes = self.training.checkpoint_steps, self.training.checkpoint_minutes
        if every and self.progress.step % every == 0:
            return True
        return bool(minutes) and time.monotonic() - self._last_checkpoint >= 60 * minutes

    def save_checkpoint(self) -> None:
        """Write a checkpoint that replaces the previous one: one file with everything needed to resume.

        Raises:
            RunError: if it cannot be written; the previous checkpoint is then unchanged.
            NonFiniteError: if the weights are not finite; the previous checkpoint is then unchanged.
        """
        if not self.folder:
            return
        self._require_finite_weights()
        self.progress.log_position = self.log.sync()
        write_checkpoint(self.folder / CHECKPOINT, self._state, self.progress, self.carried)
        self._last_checkpoint = time.monotonic()

    def restore(self, *, checksums: bool = True) -> None:
        """Restore the last checkpoint of the folder.

        Args:
            checksums: require a checksum in checkpoint and weights; files of earlier versions have none.

        Raises:
            RunError: if the checkpoint is missing or damaged.
        """
        assert self.folder is not None
        self._checksums = checksums
        self.progress, self.carried = read_checkpoint(
            self.folder / CHECKPOINT, self._state, batches=self.job.batch_count(), checksum=checksums
        )
        self.log.truncate(self.progress.log_position)

    def extend(self) -> None:
        """Prepare a restored training to continue to the new limits of its configuration.

        The patience of early stopping restarts. The validation at the old end took part in the choice of the
        best weights, even if no regular one was due; it changed nothing else.

        Raises:
            ConfigError: if the training is already past the new limits.
        """
        progress = self.progress
        if self._is_over():
            epochs = float(f"{progress.step / max(self.updates_per_epoch, 1):.4g}")
            minutes = float(f"{progress.seconds / 60:.3g}")
            raise ConfigError(
                f"the run already has {counted(progress.step, 'step')} ({counted(epochs, 'epoch')}, "
                f"{counted(minutes, 'minute')}): give a later end"
            )
        progress.worse, progress.finished = 0, False

    def _raise_nonfinite(self, accumulated: AccumulatedLoss, norm: float) -> None:
        job = self.job
        with self.placement.computing(job.model):
            where = first_nonfinite(job.model, lambda: job.loss(accumulated.batch, accumulated.carried).loss)
        problem = f"the loss or its gradient is not finite (gradient norm {norm:g}); first seen in {where}"
        raise self._nonfinite_error(self.progress.step + 1, where, problem)

    def _require_finite_weights(self) -> None:
        """Raise if a weight is not finite, for example after a finite gradient times a huge learning rate."""
        if where := nonfinite_weights(self.job.model):
            problem = f"the update made {where} infinite or not a number"
            raise self._nonfinite_error(self.progress.step, where, problem)

    def _nonfinite_error(self, step: int, where: str, problem: str) -> NonFiniteError:
        """Log the place of the non-finite number, and return the error to raise."""
        self.log.add({"kind": "nonfinite", "step": step, "epoch": self.progress.epoch, "where": where})
        return NonFiniteError(f"step {step}: {problem}; {ADVICE}; {self._describe_checkpoint()}")

    def _describe_checkpoint(self) -> str:
        if self.folder:
            return f"the last good checkpoint is in {self.folder}"
        return "nothing was saved: give a folder to save checkpoints"
