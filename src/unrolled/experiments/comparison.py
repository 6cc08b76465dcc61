"""``unrolled.compare``: train several models of a task on one data set, and compare them."""

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.config import to_dict, with_options
from unrolled.errors import ConfigError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.comparison_report import Comparison, Rung, write_comparison
from unrolled.experiments.ladders import get_ladder_class
from unrolled.experiments.runner import Runner
from unrolled.experiments.significance import join_seeds
from unrolled.extras import extra, require_extra
from unrolled.recipes import Recipe, load_recipe
from unrolled.tasks import spec_of
from unrolled.tasks.base.ladder import Ladder
from unrolled.tasks.base.show_notes import each_note_once, show_notes

with extra("compare", "a comparison of models"):
    import pandas as pd

DEFAULT_MINUTES = 5.0
OWN = {
    "seed": "networks are trained with seeds 1, 2 …; give their number as seeds",
    "minutes": "give budget, the minutes of training per network",
    "model": "give models, the names of the models to compare",
}
"""Training options that a comparison sets itself, each with the hint for the error message."""


def compare(
    task: str,
    data: str | Path | None = None,
    *,
    models: Sequence[str] | None = None,
    seeds: int = 1,
    budget: float = DEFAULT_MINUTES,
    metric: str = "",
    recipe: str = "",
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Train several models of a task on the same data, and compare their scores and costs.

    Args:
        task: "lm", "classify", "tag", "translate" or "forecast".
        data: path or name of the training data, as for the task's ``fit``; default: the recipe's data.
        models: names of the models, simplest first; None is the task's default list.
        seeds: number of trainings of each network, with seeds 1, 2 …; a model without a seed is fitted once.
        budget: minutes of training for each network and seed.
        metric: metric to compare; "" is the metric of the recipe's target, or else the task's default (for
            language models perplexity, or bits per character if the tokens are characters).
        recipe: configuration to start from.
        out: folder for table, plot and runs; a stopped comparison is resumed from it. None saves nothing.
        overwrite: start again even if ``out`` holds a comparison.
        progress: show progress bars.
        options: options of the task's configuration, shared by all networks. ``cell`` does not choose the
            models; it only allows options that this cell alone has.

    Returns:
        One row per model: model, metric, mean and sd over seeds; difference of the loss from the model in
        the row above, with its 95% interval and p from a paired bootstrap over the test data; size, unit of
        the size, bytes; seconds of training, epochs, predictions per second; a note, such as the weights of
        a mixture.

    Raises:
        ConfigError: if a task, model, metric or option is unknown.
        DataError: if the data cannot be read or are too few.
        RunError: if ``out`` cannot be used.
        MissingExtraError: if pandas or matplotlib is not installed.
    """
    require_extra("compare", "a comparison of models")
    ladder = get_ladder_class(task)
    loaded = open_recipe(recipe, task) if recipe else None
    config = loaded.config if loaded else spec_of(task).config()
    if data is not None:
        if not isinstance(data, str | Path):
            raise ConfigError(f"data: give the name of a file or data set, not a {type(data).__name__}")
        options["data"] = str(data)
    if isinstance(models, str):
        raise ConfigError(f"models={models!r}: give a list of names, as models=[{models!r}]")
    check_reserved_options(options)
    config = with_options(config, options, "compare")
    metric = metric or get_target_metric(loaded, ladder)
    plan = Plan(task, config, tuple(models or ()), seeds, budget, metric)
    if out is not None:
        return run(plan, Path(out), overwrite=overwrite, progress=progress).table
    with tempfile.TemporaryDirectory(prefix="unrolled-") as name:
        return run(plan, Path(name), progress=progress).table


def check_reserved_options(options: Iterable[str]) -> None:
    """Raise ConfigError for an option that a comparison sets itself."""
    for name in options:
        if name in OWN:
            raise ConfigError(f"{name}: {OWN[name]}")


def open_recipe(name: str, task: str) -> Recipe:
    """Return a recipe of a task.

    Raises:
        ConfigError: if no recipe has that name, or it belongs to another task.
    """
    recipe = load_recipe(name)
    if recipe.task != task:
        raise ConfigError(f"recipe {recipe.name!r}: is of task {recipe.task!r}, not {task!r}")
    return recipe


def get_target_metric(recipe: Recipe | None, ladder: type[Ladder]) -> str:
    """Return the metric of a recipe's target; "" without a target, or if some model lacks the metric."""
    target = recipe.target if recipe else None
    return target.metric if target and target.metric in ladder.metrics else ""


@dataclass(frozen=True)
class Plan:
    """Settings of a comparison: the models, their shared configuration, seeds, time and metric."""

    task: str
    config: Any
    models: tuple[str, ...]
    """Names of the models, simplest first; empty is the task's default list."""
    seeds: int
    """Number of trainings of each network."""
    budget: float
    """Minutes of training for each network and seed."""
    metric: str
    """Metric to compare; "" is the task's default."""


def run(plan: Plan, out: Path, *, overwrite: bool = False, progress: bool = True) -> Comparison:
    """Train and score every model, networks with every seed; outcomes saved in the folder are reused.

    Raises:
        ConfigError: if ``seeds`` or ``budget`` is out of range, or a model or metric is unknown.
        DataError: if the data cannot be read or are too few.
        RunError: if ``out`` cannot be used.
    """
    ladder_class = get_ladder_class(plan.task)
    if plan.seeds < 1:
        raise ConfigError(f"seeds={plan.seeds}: must be at least 1")
    if not 0 < plan.budget < 1e6:
        raise ConfigError(f"budget={plan.budget}: must be a positive number of minutes")
    rungs = plan.models or ladder_class.rungs
    ladder_class.check(plan.config, rungs, plan.metric, plan.seeds)
    plan_values = {"task": plan.task, "config": to_dict(plan.config), "budget": plan.budget}
    with ComparisonFolder.locked(out, plan_values, overwrite=overwrite) as folder, each_note_once():
        ladder = ladder_class(plan.config, plan.metric, progress=progress)
        data = ladder.prepare(folder.data)
        folder.check_data(ladder.fingerprint)
        if progress:
            show_notes(ladder.notes)
            print(data, file=sys.stderr)
        runner = Runner(ladder, folder, plan.budget)
        results = _run_all(ladder, runner, rungs, plan.seeds)
        return write_comparison(ladder, results, data, folder.folder)


def _run_all(ladder: Ladder, runner: Runner, rungs: Sequence[str], seeds: int) -> dict[str, Rung]:
    """Train and score the models in order; return outcomes and losses by name."""
    results = {}
    for number, rung in enumerate(rungs, 1):
        runs = []
        count = seeds if ladder.depends_on_seed(rung) else 1
        for seed in range(1, count + 1):
            seed_text = f", seed {seed} of {count}" if count > 1 else ""
            _print_progress(ladder, f"{number} of {len(rungs)}: {rung}{seed_text}")
            runs.append(runner.get_outcome(rung, seed))
            _print_progress(ladder, f"   {ladder.shown} {runs[-1].outcome.scores[ladder.shown]:.4f}")
        results[rung] = ([r.outcome for r in runs], join_seeds([r.units for r in runs]))
    return results


def _print_progress(ladder: Ladder, line: str) -> None:
    if ladder.progress:
        print(line, file=sys.stderr, flush=True)
