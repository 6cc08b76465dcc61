"""Train and score the models of a ladder; saved outcomes are loaded, not computed again."""

import time
from typing import Any

from unrolled.config import with_options
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.tasks import spec_of
from unrolled.tasks.base.folder import RESULT
from unrolled.tasks.base.ladder import Ladder
from unrolled.tasks.base.outcome import Outcome, SavedOutcome
from unrolled.training import CHECKPOINT


class Runner:
    """Trains and scores the models of one ladder, one at a time: parallel runs would distort the timings.

    Args:
        ladder: the models, with the data already prepared.
        results: folder for the outcomes and runs.
        minutes: training time for each network and seed.
    """

    def __init__(self, ladder: Ladder, results: ComparisonFolder, minutes: float) -> None:
        self._ladder, self._results, self._minutes = ladder, results, minutes

    def get_outcome(self, rung: str, seed: int) -> SavedOutcome:
        """Return the outcome of a model: the saved one, or else train the model and save the outcome."""
        seed = seed if self._ladder.depends_on_seed(rung) else 1
        tried = self._results.find(rung, seed)
        if tried is None:
            tried = self._run(rung, seed)
            self._results.keep(tried)
        return tried._replace(units=self._ladder.get_item_losses(tried))

    def _run(self, rung: str, seed: int) -> SavedOutcome:
        ladder = self._ladder
        if parts := ladder.parts_of(rung):
            return ladder.mix(rung, seed, {part: self.get_outcome(part, seed) for part in parts})
        config = ladder.network(ladder.config, rung)
        return ladder.simple(rung, seed) if config is None else self._run_network(rung, seed, config)

    def _run_network(self, rung: str, seed: int, config: Any) -> SavedOutcome:
        ladder = self._ladder
        options = {"seed": seed, "minutes": self._minutes}
        task = self._train(with_options(config, options), rung, seed)
        start = time.perf_counter()
        scored = ladder.score_network(task, seed)
        rate = scored.predictions / (time.perf_counter() - start)
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
        return SavedOutcome(outcome, scored.units, scored.extra | ladder.after_network(task))

    def _train(self, config: Any, rung: str, seed: int) -> Any:
        """Train a network in its run folder, resume a stopped training, or load a finished run."""
        ladder, task_class = self._ladder, spec_of(self._ladder.task).task_class
        folder = self._results.claim_run(rung, seed)
        # A finished run also has a checkpoint: resuming draws its plots if a kill came before them.
        if not ladder.from_memory and (folder / CHECKPOINT).exists():
            return task_class.resume(folder, progress=ladder.progress)
        if (folder / RESULT).exists():
            task = task_class.load(folder)
            if ladder.from_memory:
                task.draw(folder)
            return task
        return ladder.fit(task_class(config), seed, folder)
