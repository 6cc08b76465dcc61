"""Progress bar of a training; plain lines of text without a terminal."""

import math
import sys
import time
from collections.abc import Callable
from typing import TextIO

from rich.progress import BarColumn, Progress, TextColumn

from unrolled.terminal import Terminal
from unrolled.training.job import Callback, Validation
from unrolled.training.job import Progress as TrainingProgress
from unrolled.training.stopping import StoppingCriterion

LINE_SECONDS = 15.0
"""Minimum time between two lines without a terminal, in seconds."""


class ProgressBar(Callback):
    """Shows the loss, held-out metrics, throughput and remaining time.

    Args:
        unit: noun for one prediction, also used in the throughput ("character", "word", "text").
        stream: output stream; standard error by default.
        opening: line to print at the start, for example the number of threads.
        loss_unit: unit of the loss.
        describe: translates a loss into other measures, as :func:`describe_token_loss` does for text.
        minutes: time limit of the training; 0 is no limit.
    """

    def __init__(
        self,
        unit: str,
        stream: TextIO | None = None,
        opening: str = "",
        *,
        loss_unit: str = "nats",
        describe: Callable[[float], str] | None = None,
        minutes: float = 0.0,
    ) -> None:
        self._minutes = minutes
        self._unit, self._opening, self._loss_unit = unit, opening, loss_unit
        self._describe_loss = describe
        self._console = Terminal(file=stream or sys.stderr)
        self._bar = Progress(
            TextColumn("step {task.fields[step]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}  {task.fields[remaining]} left"),
            console=self._console,
            expand=True,
        )
        self._live = self._console.is_interactive
        self._mean_loss: float | None = None
        self._start = (0, 0.0)
        self._last_line = time.monotonic()
        self._held_out = ""

    def on_train_begin(self, progress: TrainingProgress, total_steps: int | None) -> None:
        """See :meth:`Callback.on_train_begin`."""
        self._length = StoppingCriterion(total_steps, 60.0 * self._minutes or None)
        self._start = (progress.tokens, progress.seconds)
        if self._opening:
            self._console.print(self._opening, highlight=False, soft_wrap=True)
        self._task = self._bar.add_task(
            "train", total=1.0, step=self._step(progress), text="starting", remaining="-:--"
        )
        if self._live:
            self._bar.start()

    def on_step_end(self, progress: TrainingProgress, loss: float, lr: float) -> None:
        """See :meth:`Callback.on_step_end`."""
        self._mean_loss = loss if self._mean_loss is None else 0.98 * self._mean_loss + 0.02 * loss
        if self._live:
            self._bar.update(
                self._task,
                completed=self._fraction_done(progress),
                step=self._step(progress),
                text=self._describe(progress),
                remaining=self._remaining(progress),
            )
        elif time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(
                f"step {self._step(progress)}  {self._describe(progress)}  {self._remaining(progress)} left",
                highlight=False,
                soft_wrap=True,
            )

    def on_validation_begin(self) -> None:
        """See :meth:`Callback.on_validation_begin`."""
        if self._live:
            self._bar.update(self._task, text="validating …")

    def on_validation_end(self, progress: TrainingProgress, validation: Validation, improved: bool) -> None:
        """See :meth:`Callback.on_validation_end`."""
        mark = "best so far" if improved else f"best at step {progress.best_step:,}"
        self._held_out = f"held-out {validation.loss:.3f} "
        metrics = [
            f"held-out {validation.loss:.4f} {self._loss_unit}{self._loss_description(validation.loss)}"
        ]
        metrics += [f"{name.replace('_', ' ')} {value:.4f}" for name, value in validation.figures.items()]
        self._console.print(
            f"step {progress.step:,}: {', '.join(metrics)} ({mark})", highlight=False, soft_wrap=True
        )

    def on_train_end(self, progress: TrainingProgress) -> None:
        """See :meth:`Callback.on_train_end`."""
        if self._live:
            self._bar.stop()

    def _describe(self, progress: TrainingProgress) -> str:
        assert self._mean_loss is not None
        description = self._loss_description(self._mean_loss).removeprefix(", ")
        loss = f"loss {self._mean_loss:.3f} {self._held_out}{description}"
        return f"{loss} {self._rate(progress):,.0f} {self._unit}s/s"

    def _loss_description(self, loss: float) -> str:
        return f", {self._describe_loss(loss)}" if self._describe_loss else ""

    def _rate(self, progress: TrainingProgress) -> float:
        start_tokens, start_seconds = self._start
        return (progress.tokens - start_tokens) / max(progress.seconds - start_seconds, 1e-9)

    def _step(self, progress: TrainingProgress) -> str:
        total = self._length.steps
        return f"{progress.step:,}" if total is None else f"{progress.step:,}/{total:,}"

    def _fraction_done(self, progress: TrainingProgress) -> float:
        return self._length.fraction_done(progress.step, progress.seconds)

    def _remaining(self, progress: TrainingProgress) -> str:
        seconds = int(self._length.remaining_seconds(progress.step, progress.seconds))
        return f"{seconds // 60}:{seconds % 60:02d}"


def describe_token_loss(unit: str) -> Callable[[float], str]:
    """Return a function that describes a loss in nats per token as perplexity and bits."""
    return lambda nats: f"perplexity {math.exp(min(nats, 20.0)):.2f} {nats / math.log(2):.3f} bits/{unit}"
