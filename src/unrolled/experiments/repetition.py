"""Repeat a training over folds or seeds, for a recipe, its variants and a baseline."""

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
from unrolled.experiments.seeds import SeedTrial
from unrolled.experiments.variant import BASELINE, UNCHANGED, Variant
from unrolled.recipes import Recipe
from unrolled.tasks import spec_of
from unrolled.tasks.base.outcome import Outcome

Jobs = dict[tuple[str, int], Runnable]
"""Trainings by variant and number of the fold or seed, in the order they run."""
Report = Callable[[Outcome], None]
"""Called with each new outcome."""
Progress = Callable[[int], AbstractContextManager[Report]]
"""Opens a progress display for a number of trainings."""


@dataclass(frozen=True)
class Plan:
    """Settings of a repetition: the recipe and its variants are trained once per fold or seed.

    Raises:
        ConfigError: if options contradict each other or the recipe, or the metric is unknown.
    """

    recipe: Recipe
    folds: int
    """Number of folds; 0 to repeat over seeds."""
    seeds: int
    """Number of seeds; 0 to repeat over folds."""
    variants: tuple[Variant, ...]
    baseline: bool
    """Whether the bag-of-words baseline is trained too."""
    metric: str
    """Metric to compare."""
    jobs: int
    """Number of parallel trainings; if more than 1, each uses one thread."""

    def __post_init__(self) -> None:
        folds, seeds = self.folds, self.seeds
        require((folds >= 2) != (seeds >= 1), "give --folds K (2 or more) or --seeds N")
        require(not folds or self.recipe.task == "classify", "--folds is for classifiers; use --seeds")
        require(not self.baseline or folds > 0, "--baseline works with --folds only")
        metrics = spec_of(self.recipe.task).metrics
        hint = suggestion(self.metric, metrics)
        require(self.metric in metrics, f"--metric {self.metric}: is not one of {', '.join(metrics)}{hint}")
        for variant in self.variants:
            with_options(self.recipe.config, variant.task_options, f"variant {variant.name!r}")

    @property
    def config(self) -> Any:
        """The recipe's configuration, with one thread if trainings run in parallel."""
        return with_options(self.recipe.config, {"threads": 1}) if self.jobs > 1 else self.recipe.config

    @property
    def kind(self) -> str:
        """Noun for messages: "folds" or "seeds"."""
        return "folds" if self.folds else "seeds"

    @property
    def all_variants(self) -> list[Variant]:
        """The unchanged recipe, its variants, and the baseline if any."""
        baseline = [Variant(BASELINE)] if self.baseline else []
        return [Variant(UNCHANGED), *self.variants, *baseline]

    def to_json(self) -> dict[str, Any]:
        """Return the settings that trainings in one folder share, for its plan file."""
        return {
            "recipe": to_dict(self.config),
            "folds": self.folds,
            "seeds": self.seeds,
            "variants": [variant.name for variant in self.all_variants],
        }


@dataclass(frozen=True)
class Repetition:
    """The results of a repetition over all folds or seeds."""

    lines: list[Line]
    """One line per variant, the unchanged recipe first."""
    made: int
    """Number of trainings of this call; the others were loaded from the folder."""
    seconds: float
    """Estimated wall time of the unchanged recipe's trainings: their sum divided by ``jobs``."""
    plot: Path
    """Path of the PNG file."""


def run(plan: Plan, out: Path, progress: Progress | None = None, *, overwrite: bool = False) -> Repetition:
    """Run the trainings whose outcomes are not yet in the folder, and summarise all outcomes.

    Raises:
        ConfigError: if a training cannot run as planned.
        DataError: if the data cannot be read or are too few.
        RunError: if ``out`` cannot be used, or a process was killed.
    """
    with RepetitionFolder.locked(out, plan.to_json(), overwrite=overwrite) as folder:
        jobs = _make_fold_trials(plan, folder) if plan.folds else _make_seed_trials(plan, folder)
        _check_outcomes(folder, jobs, plan.metric)
        finished = {(o.model, o.seed) for o in folder.done}
        remaining = [job for key, job in jobs.items() if key not in finished]
        with (progress or _no_progress)(len(remaining)) as report:
            for outcome in run_all(remaining, plan.jobs):
                folder.add(outcome)
                report(outcome)
        order = [variant.name for variant in plan.all_variants]
        outcomes = sorted(folder.done, key=lambda o: (order.index(o.model), o.seed))
        seconds = sum(o.seconds for o in outcomes if o.model == UNCHANGED) / plan.jobs
        plot = plot_repetition(outcomes, plan.metric, folder.folder / PLOT)
        return Repetition(summarise(outcomes, plan.metric), len(remaining), seconds, plot)


@contextmanager
def _no_progress(count: int) -> Iterator[Report]:
    yield lambda outcome: None


def _make_fold_trials(plan: Plan, folder: RepetitionFolder) -> Jobs:
    from unrolled.experiments.cross_validation import FoldTrial, read_corpus  # needed for classifiers only

    labelled = read_corpus(plan.config)
    folder.check_data(fingerprint(labelled.items, labelled.labels))
    return {
        (variant.name, number): FoldTrial(plan.config, variant, number, plan.folds)
        for number in range(1, plan.folds + 1)
        for variant in plan.all_variants
    }


def _make_seed_trials(plan: Plan, folder: RepetitionFolder) -> Jobs:
    return {
        (variant.name, seed): SeedTrial(
            plan.recipe.task, plan.config, variant, seed, str(folder.run(index, seed))
        )
        for seed in range(1, plan.seeds + 1)
        for index, variant in enumerate(plan.all_variants)
    }


def _check_outcomes(folder: RepetitionFolder, jobs: Jobs, metric: str) -> None:
    """Raise RunError if a saved outcome is not in the plan, occurs twice, or lacks the metric."""
    expected = set(jobs)
    for line, outcome in enumerate(folder.done, 1):
        trial = f"trial {outcome.seed} of variant {outcome.model!r}"
        where = f"{folder.folder / TRIALS}: line {line} is damaged: {trial}"
        if (outcome.model, outcome.seed) not in expected:
            raise RunError(f"{where} is not in the plan, or occurs twice; remove this line, or the folder")
        if metric not in outcome.scores:
            raise RunError(f"{where} has no {metric}; remove this line, or the folder")
        expected.remove((outcome.model, outcome.seed))
