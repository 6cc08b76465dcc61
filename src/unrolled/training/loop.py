"""The training loop: one for every task, exact to the bit when it is stopped and resumed."""

import itertools
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic

import torch
from torch import Tensor

from unrolled.errors import NonFiniteError, RunError
from unrolled.memory import keep_freed_memory
from unrolled.reading import MalformedError, convert
from unrolled.training.average import AverageState, make_average
from unrolled.training.config import OptimizerConfig, TrainingConfig
from unrolled.training.files import read_tensors, write_tensors
from unrolled.training.gradients import add_penalties, clip_gradients
from unrolled.training.interrupt import DeferredInterrupt
from unrolled.training.job import Batch, Carried, Job, Progress, Update, Watcher
from unrolled.training.length import Length
from unrolled.training.log import MetricsLog
from unrolled.training.nonfinite import ADVICE, first_nonfinite
from unrolled.training.optimizer import (
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
    update,
)
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
    """

    def __init__(
        self,
        job: Job[Batch],
        optimizer: OptimizerConfig,
        training: TrainingConfig,
        folder: Path | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        keep_freed_memory()
        self.job, self.training, self.folder = job, training, folder
        self.optimizer_config = optimizer
        self.parameters = [p for p in job.model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(optimizer, self.parameters)
        self.average = make_average(optimizer, self.parameters)
        self.progress = Progress()
        self.carried: Carried = None
        self.log = MetricsLog(folder / LOG if folder else None)
        self.watcher = watcher or Watcher()
        self._best_weights: dict[str, Tensor] = {}
        self._checksums = True
        self._last_checkpoint = time.monotonic()
        self.length = Length.planned(training, job.batch_count())
        self.total_steps = self.length.steps

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
        try:
            with DeferredInterrupt() as interrupt:
                while not self.progress.finished:
                    self._epoch(interrupt)
        finally:
            self.watcher.ended(self.progress)
        self._take_best()

    def _epoch(self, interrupt: DeferredInterrupt) -> None:
        progress = self.progress
        batches = itertools.islice(self.job.batches(progress.epoch), progress.position, None)
        last = self.job.batch_count()
        for batch in batches:
            if self._is_over():
                break
            before = progress.seconds
            self._update(batch)
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

    def _update(self, batch: Batch) -> None:
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
        result = self.job.loss(batch, self.carried)
        result.loss.backward()
        add_penalties(self.optimizer_config, self.parameters)
        norm, factor = clip_gradients(self.optimizer_config, self.parameters)
        total = float(result.total)
        if not (torch.isfinite(result.loss) and norm < float("inf")):
            self._stop_nonfinite(batch, norm)
        watched = self._tell_updating(Update(batch, self.carried, norm, factor))
        update(self.optimizer, factor)
        if self.average:
            self.average.update()
        self.carried = result.state
        progress.step += 1
        progress.position += 1
        progress.tokens += result.tokens
        progress.window_loss += total
        progress.window_tokens += result.tokens
        progress.seconds += time.perf_counter() - began - watched
        self.watcher.stepped(progress, total / max(result.tokens, 1), lr)

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
        weights = self.job.model.state_dict()
        if self.folder:
            write_tensors(self.folder / MODEL, weights, {})
        else:
            self._best_weights = {name: t.detach().clone() for name, t in weights.items()}

    def _take_best(self) -> None:
        weights = self._best_weights
        if self.folder:
            weights, _ = read_tensors(self.folder / MODEL, checksum=self._checksums)
        try:
            self.job.model.load_state_dict(weights)
        except RuntimeError as error:
            detail = str(error).splitlines()[-1].strip()
            raise RunError(
                f"{(self.folder or Path()) / MODEL}: is not of this run ({detail}); restore it from a copy"
            ) from None
        self.job.model.eval()

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
        tensors = {f"model.{n}": t for n, t in self.job.model.state_dict().items()}
        tensors |= {f"optimizer.{n}": t for n, t in optimizer_tensors(self.optimizer).items()}
        tensors |= {f"carried.{i}": t for i, t in enumerate(self.carried or ())}
        tensors["rng"] = torch.get_rng_state()
        meta: dict[str, Any] = {"progress": asdict(self.progress)}
        if self.average:
            tensors |= {f"average.{i}": t for i, t in enumerate(self.average.mean)}
            meta["average"] = asdict(AverageState(self.average.count, self.average.history))
        write_tensors(self.folder / CHECKPOINT, tensors, meta)
        self._last_checkpoint = time.monotonic()

    def restore(self, *, checksums: bool = True) -> None:
        """Go back to the last checkpoint of the folder.

        Args:
            checksums: whether checkpoint and weights must have one; those of earlier versions have none.

        Raises:
            RunError: if there is none, or it is damaged.
        """
        assert self.folder is not None
        path, self._checksums = self.folder / CHECKPOINT, checksums
        tensors, meta = read_tensors(path, checksum=checksums)
        try:
            self._restore(tensors, meta)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            said = str(error) if isinstance(error, MalformedError) else f"{error!r:.200}"
            raise RunError(f"{path}: does not belong to this run ({said}); restore it from a copy") from error
        self.log.rewind(self.progress.log_position)

    def _restore(self, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        self.progress = convert(meta["progress"], Progress)
        if self.progress.position >= max(self.job.batch_count(), 1):
            raise MalformedError(f"batch {self.progress.position} of {self.job.batch_count()} in an epoch")
        self.job.model.load_state_dict(_under("model.", tensors))
        restore_optimizer(self.optimizer, _under("optimizer.", tensors))
        carried = _under("carried.", tensors)
        self.carried = tuple(carried[str(i)] for i in range(len(carried))) or None
        if self.average:
            mean = _under("average.", tensors)
            self.average.restore(
                convert(meta["average"], AverageState), [mean[str(i)] for i in range(len(mean))]
            )
        torch.set_rng_state(tensors["rng"])

    def _stop_nonfinite(self, batch: Batch, norm: float) -> None:
        where = first_nonfinite(self.job.model, lambda: self.job.loss(batch, self.carried).loss)
        said = f"the loss or its gradient is not finite (gradient norm {norm:g}); first seen in {where}"
        raise self._nonfinite(self.progress.step + 1, where, said)

    def _require_finite_weights(self) -> None:
        """Refuse to keep weights that a finite gradient times a huge rate has made infinite."""
        for name, p in self.job.model.named_parameters():
            if not p.isfinite().all():
                where = f"the weights of {name}"
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


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}
