"""Watching a training from inside: gradients through time, saturation, weights, clipping."""

import sys
import time
from pathlib import Path
from typing import Any

from unrolled.config import require
from unrolled.layers import Recurrent
from unrolled.monitoring.board import BOARD, MISSING, Board
from unrolled.monitoring.look import Look, look
from unrolled.monitoring.plot import pixels_of, reach_over_training
from unrolled.monitoring.record import Clipping, watch_record
from unrolled.monitoring.weights import WatchedUpdate, weight_values
from unrolled.training import Job, Progress, Update, Validation, Watcher
from unrolled.training.log import MetricsLog

EVERY = 200
"""Updates between two looks, by default."""
SHARE = 0.03
"""Share of the training time that looks may take then; a look that would take more waits."""
DRAWN_EVERY = 10
"""Looks between two pictures."""
NO_LAYERS = "watching: the model has no recurrent layers, so there are no gradients through time to look at"


class Watch(Watcher):
    """Looks at the first update and at every ``every``-th from then on, and logs what it sees.

    Each look is a record of kind "watch" in the log. With a folder, and with TensorBoard installed, scalars,
    histograms and a picture go to ``tensorboard`` in it too. Training ends with the same bits.

    Args:
        job: the job that is trained.
        log: the log of the training.
        every: updates between two looks; 0 is 200, or more where looks would take over 3% of the time.
        folder: the run folder, or None.

    Raises:
        ConfigError: if every is negative.
        RunError: if TensorBoard cannot write into a folder of that name.
    """

    def __init__(self, job: Job[Any], log: MetricsLog, *, every: int = 0, folder: Path | None = None) -> None:
        require(every >= 0, f"watch={every}: must be at least 1, or 0 for the usual number of updates")
        self._job, self._log, self._every, self._folder = job, log, every, folder
        self._recurrent = any(isinstance(m, Recurrent) for m in job.model.modules())
        self._clipping = Clipping()
        self._update: Update | None = None
        self._weights: WatchedUpdate | None = None
        self._board: Board | None = None
        if folder is not None:
            Board.check_folder(folder)
        self._spent, self._began, self._looks = 0.0, 0.0, 0

    def started(self, progress: Progress, total_steps: int | None) -> None:
        """See :meth:`Watcher.started`."""
        self._began = progress.seconds
        if not self._recurrent:
            print(NO_LAYERS, file=sys.stderr)
        if self._folder is None or progress.finished:
            return
        if Board.installed():
            self._board = Board(self._folder / BOARD, progress.step)
        else:
            print(MISSING, file=sys.stderr)

    def updating(self, progress: Progress, update: Update) -> None:
        """See :meth:`Watcher.updating`."""
        self._clipping.add(update)
        if not self._due(progress):
            return
        began = time.perf_counter()
        self._update = update
        self._weights = WatchedUpdate(self._job.model, shown=self._board is not None)
        self._spent += time.perf_counter() - began

    def stepped(self, progress: Progress, loss: float, lr: float) -> None:
        """See :meth:`Watcher.stepped`."""
        if self._update is None or self._weights is None:
            return
        began = time.perf_counter()
        seen = look(self._job, self._update) if self._recurrent else Look({}, {}, {})
        sizes = self._weights.sizes(self._job.model)
        record = watch_record(progress, self._clipping, seen, sizes)
        self._log.add(record)
        if self._board is not None:
            self._show(record, seen, loss)
        self._update = self._weights = None
        self._clipping = Clipping()
        self._looks += 1
        self._spent += time.perf_counter() - began

    def validated(self, progress: Progress, found: Validation, improved: bool) -> None:
        """See :meth:`Watcher.validated`."""
        if self._board is not None:
            self._board.scalars("loss", {"held out": found.loss}, progress.step)

    def ended(self, progress: Progress) -> None:
        """See :meth:`Watcher.ended`."""
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

    def _due(self, progress: Progress) -> bool:
        step, every = progress.step + 1, self._every or EVERY
        if step > 1 and step % every:
            return False
        return bool(self._every) or step == 1 or self._spent <= SHARE * (progress.seconds - self._began)

    def _show(self, record: dict[str, Any], seen: Look, loss: float) -> None:
        board, step = self._board, record["step"]
        assert board is not None
        board.scalars("loss", {"training": loss}, step)
        board.scalars("clipping", record["clipping"], step)
        for name, norms in seen.norms.items():
            board.scalars(f"gradient by distance, {name}", {f"{d:05d}": v for d, v in norms.items()}, step)
        for name, (low, high) in seen.saturation.items():
            board.scalars(f"saturation, {name}", {"lower end": low, "upper end": high}, step)
        for name, sizes in record["weights"].items():
            board.scalars(f"weights, {name}", sizes, step)
        board.histograms("gates", seen.values, step)
        board.histograms("weights", weight_values(self._job.model), step)
        board.histograms("gradients", self._weights.gradients if self._weights else {}, step)
        if self._looks % DRAWN_EVERY == DRAWN_EVERY - 1:
            self._draw(step)

    def _draw(self, step: int) -> None:
        assert self._board is not None
        figure = reach_over_training(self._log.records)
        if figure is not None:
            self._board.image("gradient by distance over training", pixels_of(figure), step)
