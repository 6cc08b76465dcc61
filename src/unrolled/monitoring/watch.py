"""Watching a training from inside: gradients through time, saturation, weights, clipping."""

import math
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unrolled.config import require
from unrolled.layers import Recurrent
from unrolled.monitoring.board import MISSING, Board
from unrolled.monitoring.look import Look, look
from unrolled.monitoring.plot import pixels_of, reach_over_training
from unrolled.monitoring.weights import WatchedUpdate, WeightSize, weight_values
from unrolled.tasks.base.folder import BOARD
from unrolled.training import Job, Progress, Update, Validation, Watcher
from unrolled.training.log import MetricsLog

EVERY = 200
"""Updates from look to look, where none are asked for."""
SHARE = 0.03
"""Of training's time that looks may take then; a look that is due waits until there is room for it."""
DRAWN_EVERY = 10
"""Looks from picture to picture."""
NO_LAYERS = "watching: the model has no recurrent layers, so there are no gradients through time to look at"


class Watch(Watcher):
    """Looks at the first update and at every so many from then on, and writes down what it sees.

    Each look is a record of kind "watch" in the log; where there is a folder and TensorBoard is installed,
    scalars, histograms and a picture in ``tensorboard`` there too. Training ends with the same bits.

    Args:
        job: what is trained.
        log: of the training.
        every: updates from look to look; 0 is 200, or more where looks would take over 3% of the time.
        folder: of the run.

    Raises:
        ConfigError: if every is negative.
        RunError: if TensorBoard cannot write into a folder of that name.
    """

    def __init__(self, job: Job[Any], log: MetricsLog, *, every: int = 0, folder: Path | None = None) -> None:
        require(every >= 0, f"watch={every}: must be at least 1, or 0 for the usual number of updates")
        self._job, self._log, self._every, self._folder = job, log, every, folder
        self._recurrent = any(isinstance(m, Recurrent) for m in job.model.modules())
        self._clipping = _Clipping()
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
        record = _record(progress, self._clipping, seen, sizes)
        self._log.add(record)
        if self._board is not None:
            self._show(record, seen, loss)
        self._update = self._weights = None
        self._clipping = _Clipping()
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


class _Clipping:
    """Norms of all gradients together, since the last look."""

    def __init__(self) -> None:
        self._before: list[float] = []
        self._after: list[float] = []

    def add(self, update: Update) -> None:
        self._before.append(update.norm)
        self._after.append(update.norm * update.factor)

    def to_json(self) -> dict[str, Any]:
        count = len(self._before)
        clipped = sum(after < before for before, after in zip(self._before, self._after, strict=True))
        return {
            "updates": count,
            "share": clipped / count,
            "norm_mean": _brief(math.fsum(self._before) / count),
            "norm_max": _brief(max(self._before)),
            "clipped_norm_mean": _brief(math.fsum(self._after) / count),
        }


def _record(
    progress: Progress, clipping: _Clipping, seen: Look, sizes: dict[str, WeightSize]
) -> dict[str, Any]:
    """Return what the log holds of a look; numbers that are not finite are null."""
    distances = sorted({d for norms in seen.norms.values() for d in norms})
    return {
        "kind": "watch",
        "step": progress.step,
        "epoch": progress.epoch,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 3),
        "clipping": clipping.to_json(),
        "gradients": {
            "distance": distances,
            "norm": {name: [_brief(norms.get(d)) for d in distances] for name, norms in seen.norms.items()},
        },
        "saturation": {n: [_brief(low), _brief(high)] for n, (low, high) in seen.saturation.items()},
        "weights": {n: {k: _brief(v) for k, v in asdict(s).items()} for n, s in sizes.items()},
    }


def _brief(value: float | None) -> float | None:
    """Return four digits of a number; None if it is not finite."""
    return float(f"{value:.4g}") if value is not None and math.isfinite(value) else None
