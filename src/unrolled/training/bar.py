"""A live progress bar for training; lines of text where there is no terminal."""

import math
import sys
import time
from collections.abc import Callable
from typing import TextIO

from rich.progress import BarColumn, Progress, TextColumn

from unrolled.terminal import Terminal
from unrolled.training.job import Progress as Done
from unrolled.training.job import Validation, Watcher
from unrolled.training.length import Length

LINE_SECONDS = 15.0


class ProgressBar(Watcher):
    """Shows the loss and what it means, held-out figures, the rate and the time left.

    Args:
        unit: what is predicted, and counted in the rate ("character", "word", "text").
        stream: where to write; standard error by default.
        opening: a line for the beginning, such as the threads that were chosen.
        loss_unit: what the loss is measured in.
        describe: says what a loss means, as :func:`token_figures` does for text.
        minutes: of training, after which it ends; 0 is no limit.
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
            TextColumn("{task.fields[text]}  {task.fields[left]} left"),
            console=self._console,
            expand=True,
        )
        self._live = self._console.is_interactive
        self._mean: float | None = None
        self._began = (0, 0.0)
        self._last_line = time.monotonic()
        self._valid = ""

    def started(self, progress: Done, total_steps: int | None) -> None:
        """See :meth:`Watcher.started`."""
        self._length = Length(total_steps, 60.0 * self._minutes or None)
        self._began = (progress.tokens, progress.seconds)
        if self._opening:
            self._console.print(self._opening, highlight=False, soft_wrap=True)
        self._task = self._bar.add_task(
            "train", total=1.0, step=self._step(progress), text="starting", left="-:--"
        )
        if self._live:
            self._bar.start()

    def stepped(self, progress: Done, loss: float, lr: float) -> None:
        """See :meth:`Watcher.stepped`."""
        self._mean = loss if self._mean is None else 0.98 * self._mean + 0.02 * loss
        if self._live:
            self._bar.update(
                self._task,
                completed=self._share(progress),
                step=self._step(progress),
                text=self._describe(progress),
                left=self._left(progress),
            )
        elif time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(
                f"step {self._step(progress)}  {self._describe(progress)}  {self._left(progress)} left",
                highlight=False,
                soft_wrap=True,
            )

    def validating(self) -> None:
        """See :meth:`Watcher.validating`."""
        if self._live:
            self._bar.update(self._task, text="validating …")

    def validated(self, progress: Done, found: Validation, improved: bool) -> None:
        """See :meth:`Watcher.validated`."""
        mark = "best so far" if improved else f"best at step {progress.best_step:,}"
        self._valid = f"held-out {found.loss:.3f} "
        figures = [f"held-out {found.loss:.4f} {self._loss_unit}{self._meaning(found.loss)}"]
        figures += [f"{name.replace('_', ' ')} {value:.4f}" for name, value in found.figures.items()]
        self._console.print(
            f"step {progress.step:,}: {', '.join(figures)} ({mark})", highlight=False, soft_wrap=True
        )

    def ended(self, progress: Done) -> None:
        """See :meth:`Watcher.ended`."""
        if self._live:
            self._bar.stop()

    def _describe(self, progress: Done) -> str:
        assert self._mean is not None
        return (
            f"loss {self._mean:.3f} {self._valid}{self._meaning(self._mean).removeprefix(', ')} "
            f"{self._rate(progress):,.0f} {self._unit}s/s"
        )

    def _meaning(self, loss: float) -> str:
        return f", {self._describe_loss(loss)}" if self._describe_loss else ""

    def _rate(self, progress: Done) -> float:
        tokens, seconds = self._began
        return (progress.tokens - tokens) / max(progress.seconds - seconds, 1e-9)

    def _step(self, progress: Done) -> str:
        total = self._length.steps
        return f"{progress.step:,}" if total is None else f"{progress.step:,}/{total:,}"

    def _share(self, progress: Done) -> float:
        return self._length.share(progress.step, progress.seconds)

    def _left(self, progress: Done) -> str:
        seconds = int(self._length.left(progress.step, progress.seconds))
        return f"{seconds // 60}:{seconds % 60:02d}"


def token_figures(unit: str) -> Callable[[float], str]:
    """Return what tells nats a token as perplexity and bits."""
    return lambda nats: f"perplexity {math.exp(min(nats, 20.0)):.2f} {nats / math.log(2):.3f} bits/{unit}"
