"""Callback that monitors gradients through time, saturation, weights and clipping."""

import sys
import time
from pathlib import Path
from typing import Any

from unrolled.config import require
from unrolled.layers import Recurrent
from unrolled.monitoring.analysis import StepAnalysis, analyse_step
from unrolled.monitoring.board import BOARD, MISSING, Board
from unrolled.monitoring.plot import reach_over_training, render_pixels
from unrolled.monitoring.record import ClippingStatistics, make_watch_record
from unrolled.monitoring.weights import UpdateSnapshot, weight_values
from unrolled.training import Callback, Job, Progress, StepStats, Validation
from unrolled.training.log import MetricsLog

EVERY = 200
"""Default number of steps between two watch records."""
TIME_FRACTION = 0.03
"""With the default interval, the maximum fraction of the training time; records are skipped above it."""
DRAWN_EVERY = 10
"""Number of records between two images."""
NO_LAYERS = "watching: the model has no recurrent layers, so there are no gradients through time to record"


class Watch(Callback):
    """Analyses the first step and then every ``every``-th step, and logs the results.

    Each analysis adds a record of kind "watch" to the log. With a folder, and with TensorBoard installed,
    scalars, histograms and an image also go to its subfolder ``tensorboard``. The training gives the same
    bits with and without this callback.

    Args:
        job: the job to train.
        log: the log of the training.
        every: steps between two records; 0 is 200, or more if the analysis would take over 3% of the time.
        folder: the run folder, or None.

    Raises:
        ConfigError: if ``every`` is negative.
        RunError: if TensorBoard cannot write to a folder of that name.
    """

    def __init__(self, job: Job[Any], log: MetricsLog, *, every: int = 0, folder: Path | None = None) -> None:
        require(every >= 0, f"watch={every}: must be at least 1, or 0 for the default")
        self._job, self._log, self._every, self._folder = job, log, every, folder
        self._recurrent = any(isinstance(m, Recurrent) for m in job.model.modules())
        self._clipping = ClippingStatistics()
        self._update: StepStats | None = None
        self._weights: UpdateSnapshot | None = None
        self._board: Board | None = None
        if folder is not None:
            Board.check_folder(folder)
        self._seconds, self._seconds_at_start, self._record_count = 0.0, 0.0, 0

    def on_train_begin(self, progress: Progress, total_steps: int | None) -> None:
        """See :meth:`Callback.on_train_begin`."""
        self._seconds_at_start = progress.seconds
        if not self._recurrent:
            print(NO_LAYERS, file=sys.stderr)
        if self._folder is None or progress.finished:
            return
        if Board.is_installed():
            self._board = Board(self._folder / BOARD, progress.step)
        else:
            print(MISSING, file=sys.stderr)

    def on_pre_optimizer_step(self, progress: Progress, stats: StepStats) -> None:
        """See :meth:`Callback.on_pre_optimizer_step`."""
        self._clipping.add(stats)
        if not self._is_due(progress):
            return
        began = time.perf_counter()
        self._update = stats
        self._weights = UpdateSnapshot(self._job.model, sample_gradients=self._board is not None)
        self._seconds += time.perf_counter() - began

    def on_step_end(self, progress: Progress, loss: float, lr: float) -> None:
        """See :meth:`Callback.on_step_end`."""
        if self._update is None or self._weights is None:
            return
        began = time.perf_counter()
        result = analyse_step(self._job, self._update) if self._recurrent else StepAnalysis({}, {}, {})
        sizes = self._weights.sizes(self._job.model)
        record = make_watch_record(progress, self._clipping, result, sizes)
        self._log.add(record)
        if self._board is not None:
            self._write_board(record, result, loss)
        self._update = self._weights = None
        self._clipping = ClippingStatistics()
        self._record_count += 1
        self._seconds += time.perf_counter() - began

    def on_validation_end(self, progress: Progress, validation: Validation, improved: bool) -> None:
        """See :meth:`Callback.on_validation_end`."""
        if self._board is not None:
            self._board.scalars("loss", {"held out": validation.loss}, progress.step)

    def on_train_end(self, progress: Progress) -> None:
        """See :meth:`Callback.on_train_end`."""
        if self._board is None:
            return
        last = self._log.records[-1] if self._log.records else {}
        if last.get("kind") == "nonfinite":
            self._board.text(
                "not finite", f"update {last['step']}: first seen in {last['where']}", last["step"]
            )
        self._draw(progress.step)
        self._board.close()
        self._board = None

    def _is_due(self, progress: Progress) -> bool:
        step, every = progress.step + 1, self._every or EVERY
        if step > 1 and step % every:
            return False
        return (
            bool(self._every)
            or step == 1
            or self._seconds <= TIME_FRACTION * (progress.seconds - self._seconds_at_start)
        )

    def _write_board(self, record: dict[str, Any], result: StepAnalysis, loss: float) -> None:
        board, step = self._board, record["step"]
        assert board is not None
        board.scalars("loss", {"training": loss}, step)
        board.scalars("clipping", record["clipping"], step)
        for name, norms in result.norms.items():
            board.scalars(f"gradient by distance, {name}", {f"{d:05d}": v for d, v in norms.items()}, step)
        for name, (low, high) in result.saturation.items():
            board.scalars(f"saturation, {name}", {"lower end": low, "upper end": high}, step)
        for name, sizes in record["weights"].items():
            board.scalars(f"weights, {name}", sizes, step)
        board.histograms("gates", result.values, step)
        board.histograms("weights", weight_values(self._job.model), step)
        board.histograms("gradients", self._weights.gradients if self._weights else {}, step)
        if self._record_count % DRAWN_EVERY == DRAWN_EVERY - 1:
            self._draw(step)

    def _draw(self, step: int) -> None:
        assert self._board is not None
        figure = reach_over_training(self._log.records)
        if figure is not None:
            self._board.image("gradient by distance over training", render_pixels(figure), step)
