"""``unrolled.compare``: the models of a task side by side on one data set."""

import importlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.atomic import write_atomically
from unrolled.config import to_dict, with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.experiments.ladder import Ladder
from unrolled.experiments.outcome import MARKDOWN, PLOT, TABLE, Outcome, OutcomeFolder, Units
from unrolled.experiments.plot import plot_ladder
from unrolled.experiments.significance import Difference, join_seeds
from unrolled.experiments.table import frame, line_of, markdown, shown
from unrolled.extras import extra, require_extra
from unrolled.recipes import Recipe, load_recipe
from unrolled.storage.folder import list_folder
from unrolled.storage.lock import FolderLock
from unrolled.tasks import spec_of

with extra("compare", "a comparison of models"):
    import pandas as pd

_HOMES = {
    "lm": ("language", "LanguageLadder"),
    "classify": ("classification", "ClassificationLadder"),
    "tag": ("tagging", "TaggingLadder"),
    "translate": ("translation", "TranslationLadder"),
    "forecast": ("forecasting", "ForecastLadder"),
}
TASKS = tuple(_HOMES)
DEFAULT_MINUTES = 5.0
SHARES = ("accuracy", "macro_f1", "sentence_accuracy", "span_f1")
OWN = {
    "seed": "networks have the seeds 1, 2 …; give seeds, how many",
    "minutes": "give budget, the minutes of each network",
    "model": "give models, the names of all that are compared",
}
"""Options of a training that a comparison sets itself, and what to do about it."""


def ladder_type(task: str) -> type[Ladder]:
    """Return the ladder of a task.

    Raises:
        ConfigError: if it has none.
    """
    if task not in _HOMES:
        raise ConfigError(f"task {task!r}: is not one of {', '.join(TASKS)}{suggestion(task, TASKS)}")
    module, name = _HOMES[task]
    found = getattr(importlib.import_module(f"unrolled.experiments.{module}"), name)
    assert issubclass(found, Ladder)
    return found


@dataclass(frozen=True)
class Comparison:
    """What came of it."""

    table: pd.DataFrame
    heads: list[str]
    rows: list[list[str]]
    """The table for people."""
    notes: list[str]
    """What there is to say of a rung: the weights of a mixture, discounts that were not to be had."""
    data: str
    """What was compared on."""
    plot: Path


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
    metric = metric or ladder.metric_of(loaded)
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


@dataclass(frozen=True)
class Plan:
    """What is compared."""

    task: str
    config: Any
    models: tuple[str, ...]
    """Empty is the task's usual ones."""
    seeds: int
    budget: float
    metric: str
    """Figure to compare; "" is the task's usual one."""


def run(plan: Plan, out: Path, *, overwrite: bool = False, progress: bool = True) -> Comparison:
    """Try every rung, networks with every seed; what was done before stands.

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
    folder = out.resolve()
    list_folder(folder)  # says now if it cannot be one
    with FolderLock(folder):
        return _run(plan, rungs, folder, overwrite=overwrite, progress=progress)


def _run(plan: Plan, rungs: Sequence[str], folder: Path, *, overwrite: bool, progress: bool) -> Comparison:
    kind = ladder_type(plan.task)
    described = {"task": plan.task, "config": to_dict(plan.config), "budget": plan.budget}
    kept = OutcomeFolder(folder, described, overwrite=overwrite)
    ladder = kind(plan.config, kept, plan.budget, plan.metric, progress=progress)
    data = ladder.prepare()
    kept.check_data(ladder.fingerprint)
    if progress:
        print(data, file=sys.stderr)
    tried: dict[str, tuple[list[Outcome], Units]] = {}
    for number, rung in enumerate(rungs, 1):
        found = []
        seeds = plan.seeds if ladder.varies(rung) else 1
        for seed in range(1, seeds + 1):
            if progress:
                several = f", seed {seed} of {seeds}" if seeds > 1 else ""
                print(f"{number} of {len(rungs)}: {rung}{several}", file=sys.stderr, flush=True)
            found.append(ladder.try_rung(rung, seed))
            if progress:
                outcome = found[-1][0]
                print(f"   {ladder.shown} {outcome.scores[ladder.shown]:.4f}", file=sys.stderr, flush=True)
        tried[rung] = ([o for o, *_ in found], join_seeds([u for _, u, _ in found]))
    return _conclude(ladder, tried, data, kept.folder)


def _conclude(
    ladder: Ladder, tried: dict[str, tuple[list[Outcome], Units]], data: str, folder: Path
) -> Comparison:
    lines, above = [], None
    for outcomes, units in tried.values():
        difference: Difference | None = None
        if above is not None and np.isfinite(units.losses).all() and np.isfinite(above.losses).all():
            difference = ladder.compare_pair(units, above)
        lines.append(line_of(outcomes, ladder.shown, difference))
        above = units
    table = frame(lines)
    scale = 100.0 if ladder.shown in SHARES else 1.0
    heads, rows = shown(table, scale, ladder.counted, ladder.loss, ladder.loss_scale)
    csv = table.to_csv(index=False)
    write_atomically(folder / TABLE, csv.encode("utf-8", "surrogatepass"))
    text = f"{data}\n\n{markdown(heads, rows)}"
    write_atomically(folder / MARKDOWN, text.encode("utf-8", "surrogatepass"))
    plot = plot_ladder(
        table,
        heads[1],
        scale,
        higher=ladder.shown in ladder.higher,
        mixtures=[rung for rung in tried if ladder.mixes(rung)],
        path=folder / PLOT,
    )
    notes = [f"{line['model']}: {line['note']}" for line in lines if line["note"]]
    return Comparison(table, heads, rows, notes, data, plot)
