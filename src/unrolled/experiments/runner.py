"""Train and score the models of a ladder; outcomes that are kept are not made again."""

import time
from typing import Any

from unrolled.config import with_options
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.tasks import spec_of
from unrolled.tasks.base.folder import RESULT
from unrolled.tasks.base.ladder import Ladder
from unrolled.tasks.base.outcome import Outcome, Tried
from unrolled.training import CHECKPOINT


class Runner:
    """The models of one ladder, one after another: side by side they would take time from each other.

    Args:
        ladder: prepared.
        kept: where outcomes and runs go.
        minutes: of training for each network and seed.
    """

    def __init__(self, ladder: Ladder, kept: ComparisonFolder, minutes: float) -> None:
        self._ladder, self._kept, self._minutes = ladder, kept, minutes

    def outcome(self, rung: str, seed: int) -> Tried:
        """Return the outcome of a rung: kept from before, or made now and kept."""
        seed = seed if self._ladder.varies(rung) else 1
        tried = self._kept.find(rung, seed)
        if tried is None:
            tried = self._try(rung, seed)
            self._kept.keep(tried)
        return tried._replace(units=self._ladder.units_of(tried))

    def _try(self, rung: str, seed: int) -> Tried:
        ladder = self._ladder
        if parts := ladder.parts_of(rung):
            return ladder.mix(rung, seed, {part: self.outcome(part, seed) for part in parts})
        config = ladder.network(ladder.config, rung)
        return ladder.simple(rung, seed) if config is None else self._network(rung, seed, config)

    def _network(self, rung: str, seed: int, config: Any) -> Tried:
        ladder = self._ladder
        options = {"seed": seed, "minutes": self._minutes}
        task = self._train(with_options(config, options), rung, seed)
        began = time.perf_counter()
        scored = ladder.score_network(task, seed)
        rate = scored.predictions / (time.perf_counter() - began)
        parameters = list(task.model.parameters())
        outcome = Outcome(
            rung,
            seed,
            scored.scores,
            seconds=task.result["training_seconds"],
            rate=rate,
            size=sum(p.numel() for p in parameters),
            counted="parameters",
            bytes=sum(p.numel() * p.element_size() for p in parameters),
            epochs=task.result["epochs"],
            note=scored.note,
        )
        return Tried(outcome, scored.units, scored.extra | ladder.after_network(task))

    def _train(self, config: Any, rung: str, seed: int) -> Any:
        """Train a network in its run folder, or go on with one that was stopped."""
        ladder, kind = self._ladder, spec_of(self._ladder.task).tool
        folder = self._kept.claim_run(rung, seed)
        # A finished run has a checkpoint too: a kill may have come before its plots, which resuming draws.
        if not ladder.from_memory and (folder / CHECKPOINT).exists():
            return kind.resume(folder, progress=ladder.progress)
        if (folder / RESULT).exists():
            task = kind.load(folder)
            if ladder.from_memory:
                task.draw(folder)
            return task
        return ladder.fit(kind(config), seed, folder)
