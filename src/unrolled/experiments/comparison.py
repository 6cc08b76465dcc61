"""``unrolled.compare``: the models of a task side by side on one data set."""

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.config import to_dict, with_options
from unrolled.errors import ConfigError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.comparison_report import Comparison, Rung, conclude
from unrolled.experiments.ladders import ladder_type
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
    "seed": "networks have the seeds 1, 2 …; give seeds, how many",
    "minutes": "give budget, the minutes of each network",
    "model": "give models, the names of all that are compared",
}
"""Options of a training that a comparison sets itself, and what to do about it."""


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
    """Train the models of a task on the same data, and compare what they cost and what they give.

    Args:
        task: "lm", "classify", "tag", "translate" or "forecast".
        data: training data, as the task's ``fit`` takes them by name; else the recipe's.
        models: from the simplest up; None takes the task's usual ones.
        seeds: trainings of each network, with seeds 1, 2 …; what does not depend on a seed is fitted once.
        budget: minutes of training for each network and seed.
        metric: figure to compare; "" is the recipe's target, or the task's usual one (of language models the
            perplexity, over characters bits a character).
        recipe: configuration to start from.
        out: folder for table, plot, runs; a stopped comparison goes on there. None keeps nothing.
        overwrite: begin anew even if ``out`` holds a comparison.
        progress: show bars.
        options: of the task's configuration, by their own names; all networks share them. A cell is no more
            than a start for options that it alone has.

    Returns:
        A row for each model: model, metric, mean and sd over seeds; difference of the loss from the model
        above with its 95% interval and p, from a paired bootstrap over the test data; size, what it counts,
        bytes; seconds of training, epochs, predictions a second; a note, as the weights of mixtures.

    Raises:
        ConfigError: for an unknown task, model, metric or option.
        DataError: if the data cannot be used.
        RunError: if ``out`` cannot be used.
        MissingExtraError: if pandas or matplotlib is not installed.
    """
    require_extra("compare", "a comparison of models")
    ladder = ladder_type(task)
    loaded = open_recipe(recipe, task) if recipe else None
    config = loaded.config if loaded else spec_of(task).config()
    if data is not None:
        if not isinstance(data, str | Path):
            raise ConfigError(f"data: give the name of a file or data set, not a {type(data).__name__}")
        options["data"] = str(data)
    if isinstance(models, str):
        raise ConfigError(f"models={models!r}: give a list of names, as models=[{models!r}]")
    refuse_own(options)
    config = with_options(config, options, "compare")
    metric = metric or metric_of(loaded, ladder)
    plan = Plan(task, config, tuple(models or ()), seeds, budget, metric)
    if out is not None:
        return run(plan, Path(out), overwrite=overwrite, progress=progress).table
    with tempfile.TemporaryDirectory(prefix="unrolled-") as name:
        return run(plan, Path(name), progress=progress).table


def refuse_own(options: Iterable[str]) -> None:
    """Raise ConfigError for an option that a comparison sets itself."""
    for name in options:
        if name in OWN:
            raise ConfigError(f"{name}: {OWN[name]}")


def open_recipe(name: str, task: str) -> Recipe:
    """Return a recipe of a task.

    Raises:
        ConfigError: if there is none of that name, or it is of another task.
    """
    recipe = load_recipe(name)
    if recipe.task != task:
        raise ConfigError(f"recipe {recipe.name!r}: is of task {recipe.task!r}, not {task!r}")
    return recipe


def metric_of(recipe: Recipe | None, ladder: type[Ladder]) -> str:
    """Return the metric of a recipe's target; "" if there is none, or not every rung has it."""
    target = recipe.target if recipe else None
    return target.metric if target and target.metric in ladder.metrics else ""


@dataclass(frozen=True)
class Plan:
    """The models to compare, and how."""

    task: str
    config: Any
    models: tuple[str, ...]
    """Empty takes the task's usual ones."""
    seeds: int
    budget: float
    metric: str
    """To compare; "" is the task's usual one."""


def run(plan: Plan, out: Path, *, overwrite: bool = False, progress: bool = True) -> Comparison:
    """Try every rung, networks with every seed; outcomes in the folder are not made again.

    Raises:
        ConfigError: if there are no seeds or no time, or a model or metric is unknown.
        DataError: if the data cannot be used.
        RunError: if ``out`` cannot be used.
    """
    kind = ladder_type(plan.task)
    if plan.seeds < 1:
        raise ConfigError(f"seeds={plan.seeds}: must be at least 1")
    if not 0 < plan.budget < 1e6:
        raise ConfigError(f"budget={plan.budget}: must be a positive number of minutes")
    rungs = plan.models or kind.rungs
    kind.check(plan.config, rungs, plan.metric, plan.seeds)
    described = {"task": plan.task, "config": to_dict(plan.config), "budget": plan.budget}
    with ComparisonFolder.locked(out, described, overwrite=overwrite) as kept, each_note_once():
        ladder = kind(plan.config, plan.metric, progress=progress)
        data = ladder.prepare(kept.data)
        kept.check_data(ladder.fingerprint)
        if progress:
            show_notes(ladder.notes)
            print(data, file=sys.stderr)
        runner = Runner(ladder, kept, plan.budget)
        tried = _try_all(ladder, runner, rungs, plan.seeds)
        return conclude(ladder, tried, data, kept.folder)


def _try_all(ladder: Ladder, runner: Runner, rungs: Sequence[str], seeds: int) -> dict[str, Rung]:
    tried = {}
    for number, rung in enumerate(rungs, 1):
        found = []
        count = seeds if ladder.varies(rung) else 1
        for seed in range(1, count + 1):
            several = f", seed {seed} of {count}" if count > 1 else ""
            _say(ladder, f"{number} of {len(rungs)}: {rung}{several}")
            found.append(runner.outcome(rung, seed))
            _say(ladder, f"   {ladder.shown} {found[-1].outcome.scores[ladder.shown]:.4f}")
        tried[rung] = ([t.outcome for t in found], join_seeds([t.units for t in found]))
    return tried


def _say(ladder: Ladder, line: str) -> None:
    if ladder.progress:
        print(line, file=sys.stderr, flush=True)
