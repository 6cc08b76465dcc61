"""A live progress bar for training; lines of text where there is no terminal."""

import math
import sys
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from unrolled.training.job import Progress as Done
from unrolled.training.job import Validation, Watcher

LINE_SECONDS = 15.0


class ProgressBar(Watcher):
    """Shows the loss and what it means, held-out figures, the rate and the time left.

    Args:
        unit: what is predicted, and counted in the rate ("character", "word", "text").
        stream: where to write; standard error by default.
        opening: a line for the beginning, such as the threads that were chosen.
        loss_unit: what the loss is measured in.
        describe: says what a loss means, as :func:`token_figures` does for text.
    """

    def __init__(
        self,
        unit: str,
        stream: TextIO | None = None,
        opening: str = "",
        *,
        loss_unit: str = "nats",
        describe: Callable[[float], str] | None = None,
    ) -> None:
        self._unit, self._opening, self._loss_unit = unit, opening, loss_unit
        self._describe_loss = describe
        self._console = Console(file=stream or sys.stderr)
        self._bar = Progress(
            TextColumn("step {task.completed:,}/{task.total:,}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=self._console,
            expand=True,
        )
        self._live = self._console.is_terminal
        self._mean: float | None = None
        self._began = (0, 0.0)
        self._last_line = time.monotonic()
        self._valid = ""

    def started(self, progress: Done, total_steps: int) -> None:
        """See :meth:`Watcher.started`."""
        self._total = total_steps
        self._began = (progress.tokens, progress.seconds)
        if self._opening:
            self._console.print(self._opening, highlight=False, soft_wrap=True)
        self._task = self._bar.add_task("train", total=total_steps, completed=progress.step, text="starting")
        if self._live:
            self._bar.start()

    def stepped(self, progress: Done, loss: float, lr: float) -> None:
        """See :meth:`Watcher.stepped`."""
        self._mean = loss if self._mean is None else 0.98 * self._mean + 0.02 * loss
        if self._live:
            self._bar.update(self._task, completed=progress.step, text=self._describe(progress))
        elif time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(
                f"step {progress.step:,}/{self._total:,}  {self._describe(progress)}  "
                f"{self._left(progress)} left",
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

    def _left(self, progress: Done) -> str:
        share = progress.seconds / max(progress.step, 1)
        seconds = int(share * (self._total - progress.step))
        return f"{seconds // 60}:{seconds % 60:02d}"


def token_figures(unit: str) -> Callable[[float], str]:
    """Return what tells nats a token as perplexity and bits."""
    return lambda nats: f"perplexity {math.exp(min(nats, 20.0)):.2f} {nats / math.log(2):.3f} bits/{unit}"
