"""The same training over folds or seeds, with variants and a baseline beside it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.config import require, to_dict, with_options
from unrolled.data.fingerprint import fingerprint
from unrolled.errors import RunError, suggestion
from unrolled.experiments.pool import Runnable, run_all
from unrolled.experiments.repetition_folder import PLOT, TRIALS, RepetitionFolder
from unrolled.experiments.repetition_plot import plot_repetition
from unrolled.experiments.repetition_table import Line, summarise
from unrolled.experiments.seeds import Seed
from unrolled.experiments.variant import BASELINE, UNCHANGED, Variant
from unrolled.recipes import Recipe
from unrolled.tasks import spec_of
from unrolled.tasks.base.outcome import Outcome

Jobs = dict[tuple[str, int], Runnable]
"""Trainings by variant and number of the fold or seed, in the order in which they are made."""
Report = Callable[[Outcome], None]
"""Is told each new outcome."""
Progress = Callable[[int], AbstractContextManager[Report]]
"""Opens a display for so many trainings."""


@dataclass(frozen=True)
class Plan:
    """The trainings to make: a fold or a seed each, for the recipe and every variant.

    Raises:
        ConfigError: if the options contradict each other or the recipe, or the metric is unknown.
    """

    recipe: Recipe
    folds: int
    """0 for seeds."""
    seeds: int
    """0 for folds."""
    variants: tuple[Variant, ...]
    baseline: bool
    metric: str
    jobs: int
    """Trainings side by side; more than one run on one thread each."""

    def __post_init__(self) -> None:
        folds, seeds = self.folds, self.seeds
        require((folds >= 2) != (seeds >= 1), "give --folds K (2 or more) or --seeds N")
        require(not folds or self.recipe.task == "classify", "--folds is for classifiers; use --seeds")
        require(not self.baseline or folds > 0, "--baseline goes with --folds")
        known = spec_of(self.recipe.task).metrics
        hint = suggestion(self.metric, known)
        require(self.metric in known, f"--metric {self.metric}: is not one of {', '.join(known)}{hint}")
        for variant in self.variants:
            with_options(self.recipe.config, variant.own, f"variant {variant.name!r}")

    @property
    def config(self) -> Any:
        """The recipe's configuration, on one thread if trainings run side by side."""
        return with_options(self.recipe.config, {"threads": 1}) if self.jobs > 1 else self.recipe.config

    @property
    def kind(self) -> str:
        """Noun of the numbers: "folds" or "seeds"."""
        return "folds" if self.folds else "seeds"

    @property
    def all_variants(self) -> list[Variant]:
        """The recipe itself, its variants, and the baseline."""
        baseline = [Variant(BASELINE)] if self.baseline else []
        return [Variant(UNCHANGED), *self.variants, *baseline]

    def to_json(self) -> dict[str, Any]:
        """Return what a folder of other trainings differs by."""
        return {
            "recipe": to_dict(self.config),
            "folds": self.folds,
            "seeds": self.seeds,
            "variants": [variant.name for variant in self.all_variants],
        }


@dataclass(frozen=True)
class Repetition:
    """The result over all folds or seeds."""

    lines: list[Line]
    """One for each variant, the recipe first."""
    made: int
    """Trainings of this call; the others were done before."""
    seconds: float
    """All trainings of the recipe took, side by side."""
    plot: Path


def run(plan: Plan, out: Path, progress: Progress | None = None, *, overwrite: bool = False) -> Repetition:
    """Make the trainings that the folder does not have yet, and summarise all.

    Raises:
        ConfigError: if a training cannot be made as planned.
        DataError: if the data cannot be used.
        RunError: if ``out`` cannot be used, or a process was killed.
    """
    with RepetitionFolder.locked(out, plan.to_json(), overwrite=overwrite) as kept:
        jobs = _folds(plan, kept) if plan.folds else _seeds(plan, kept)
        _check_done(kept, jobs, plan.metric)
        done = {(o.model, o.seed) for o in kept.done}
        todo = [job for key, job in jobs.items() if key not in done]
        with (progress or _silent)(len(todo)) as report:
            for outcome in run_all(todo, plan.jobs):
                kept.add(outcome)
                report(outcome)
        order = [variant.name for variant in plan.all_variants]
        outcomes = sorted(kept.done, key=lambda o: (order.index(o.model), o.seed))
        seconds = sum(o.seconds for o in outcomes if o.model == UNCHANGED) / plan.jobs
        plot = plot_repetition(outcomes, plan.metric, kept.folder / PLOT)
        return Repetition(summarise(outcomes, plan.metric), len(todo), seconds, plot)


@contextmanager
def _silent(count: int) -> Iterator[Report]:
    yield lambda outcome: None


def _folds(plan: Plan, kept: RepetitionFolder) -> Jobs:
    from unrolled.experiments.cross_validation import Fold, read_corpus  # classifiers alone need it

    labelled = read_corpus(plan.config)
    kept.check_data(fingerprint(labelled.items, labelled.labels))
    return {
        (variant.name, number): Fold(plan.config, variant, number, plan.folds)
        for number in range(1, plan.folds + 1)
        for variant in plan.all_variants
    }


def _seeds(plan: Plan, kept: RepetitionFolder) -> Jobs:
    return {
        (variant.name, seed): Seed(plan.recipe.task, plan.config, variant, seed, str(kept.run(place, seed)))
        for seed in range(1, plan.seeds + 1)
        for place, variant in enumerate(plan.all_variants)
    }


def _check_done(kept: RepetitionFolder, jobs: Jobs, metric: str) -> None:
    """Raise RunError for a kept outcome that is not in the plan, is there twice, or lacks the metric."""
    left = set(jobs)
    for line, outcome in enumerate(kept.done, 1):
        trial = f"trial {outcome.seed} of variant {outcome.model!r}"
        where = f"{kept.folder / TRIALS}: line {line} is damaged: {trial}"
        if (outcome.model, outcome.seed) not in left:
            raise RunError(f"{where} is not in the plan, or there twice; remove it, or the folder")
        if metric not in outcome.scores:
            raise RunError(f"{where} has no {metric}; remove it, or the folder")
        left.remove((outcome.model, outcome.seed))
