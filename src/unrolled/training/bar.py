"""A live progress bar for training; lines of text where there is no terminal."""

import math
import sys
import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from unrolled.training.job import Progress as Done
from unrolled.training.job import Watcher

LINE_SECONDS = 15.0


class ProgressBar(Watcher):
    """Shows loss, perplexity, bits a token, tokens a second and the time left.

    Args:
        unit: what a token is called ("character", "word", "piece").
        stream: where to write; standard error by default.
        opening: a line for the beginning, such as the threads that were chosen.
    """

    def __init__(self, unit: str, stream: TextIO | None = None, opening: str = "") -> None:
        self._unit, self._opening = unit, opening
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

    def stepped(self, progress: Done, nats: float, lr: float) -> None:
        """See :meth:`Watcher.stepped`."""
        self._mean = nats if self._mean is None else 0.98 * self._mean + 0.02 * nats
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

    def validated(self, progress: Done, nats: float, improved: bool) -> None:
        """See :meth:`Watcher.validated`."""
        mark = "best so far" if improved else f"best {progress.best:.4f} at step {progress.best_step:,}"
        self._valid = f"held-out {nats:.3f} "
        self._console.print(
            f"step {progress.step:,}: held-out {nats:.4f} nats, {_figures(nats, self._unit)} ({mark})",
            highlight=False,
            soft_wrap=True,
        )

    def ended(self, progress: Done) -> None:
        """See :meth:`Watcher.ended`."""
        if self._live:
            self._bar.stop()

    def _describe(self, progress: Done) -> str:
        assert self._mean is not None
        return (
            f"loss {self._mean:.3f} {self._valid}{_figures(self._mean, self._unit)} "
            f"{self._rate(progress):,.0f} {self._unit}s/s"
        )

    def _rate(self, progress: Done) -> float:
        tokens, seconds = self._began
        return (progress.tokens - tokens) / max(progress.seconds - seconds, 1e-9)

    def _left(self, progress: Done) -> str:
        share = progress.seconds / max(progress.step, 1)
        seconds = int(share * (self._total - progress.step))
        return f"{seconds // 60}:{seconds % 60:02d}"


def _figures(nats: float, unit: str) -> str:
    return f"perplexity {math.exp(min(nats, 20.0)):.2f} {nats / math.log(2):.3f} bits/{unit}"
