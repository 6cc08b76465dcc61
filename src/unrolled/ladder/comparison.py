"""``unrolled.compare``: the models of a task side by side on one data set."""

import importlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from unrolled.atomic import write_atomically
from unrolled.config import to_dict, with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.ladder.ladder import Ladder
from unrolled.ladder.outcome import Outcome, OutcomeFolder, Units
from unrolled.ladder.plot import plot_ladder
from unrolled.ladder.significance import Difference, join_seeds
from unrolled.ladder.table import frame, line_of, markdown, shown
from unrolled.recipes import load_recipe
from unrolled.tasks import task_type

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


def ladder_type(task: str) -> type[Ladder]:
    """Return the ladder of a task.

    Raises:
        ConfigError: if it has none.
    """
    if task not in _HOMES:
        raise ConfigError(f"task {task!r}: is not one of {', '.join(TASKS)}{suggestion(task, TASKS)}")
    module, name = _HOMES[task]
    found = getattr(importlib.import_module(f"unrolled.ladder.{module}"), name)
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
    """Weights of mixtures."""
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
        seeds: trainings of each network, with seeds 1, 2 ….
        budget: minutes of training for each network and seed.
        metric: figure to compare; "" is the recipe's target, or the task's usual one.
        recipe: configuration to start from.
        out: folder for table, plot, runs; a stopped comparison goes on there. None keeps nothing.
        overwrite: begin anew even if ``out`` holds a comparison.
        progress: show bars.
        options: of the task's configuration, by their own names; all networks share them.

    Returns:
        A row for each model: model, metric, mean and sd over seeds; difference of the loss from the model
        above with its 95% interval and p, from a paired bootstrap over the test data; size, what it counts,
        bytes; seconds of training, epochs, predictions a second; weights of mixtures.

    Raises:
        ConfigError: for an unknown task, model, metric or option.
        DataError: if the data cannot be used.
        RunError: if ``out`` cannot be used.
    """
    kind = task_type(task) if task in TASKS else None
    ladder_type(task)
    assert kind is not None
    config = kind.config_type()
    if recipe:
        loaded = load_recipe(recipe)
        if loaded.task != task:
            raise ConfigError(f"recipe {recipe!r} is of task {loaded.task!r}, not {task!r}")
        config = loaded.config
        if not metric and loaded.target:
            metric = loaded.target.metric
    if data is not None:
        options["data"] = str(data)
    config = with_options(config, options, "compare")
    plan = Plan(task, config, tuple(models or ()), seeds, budget, metric)
    if out is not None:
        return run(plan, Path(out), overwrite=overwrite, progress=progress).table
    with tempfile.TemporaryDirectory(prefix="unrolled-") as name:
        return run(plan, Path(name), progress=progress).table


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


def run(plan: Plan, out: Path, *, overwrite: bool = False, progress: bool = True) -> Comparison:
    """Try every rung with every seed; what was done before stands.

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
    kind.check(plan.config, rungs, plan.metric)
    described = {
        "task": plan.task,
        "config": to_dict(plan.config),
        "seeds": plan.seeds,
        "budget": plan.budget,
    }
    kept = OutcomeFolder(out.resolve(), described, overwrite=overwrite)
    ladder = kind(plan.config, kept, plan.budget, plan.metric, progress=progress)
    data = ladder.prepare()
    if progress:
        print(data, file=sys.stderr)
    tried: dict[str, tuple[list[Outcome], Units]] = {}
    for number, rung in enumerate(rungs, 1):
        found = []
        for seed in range(1, plan.seeds + 1):
            if progress:
                several = f", seed {seed} of {plan.seeds}" if plan.seeds > 1 else ""
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
    write_atomically(folder / "table.csv", table.to_csv(index=False).encode())
    write_atomically(folder / "table.md", f"{data}\n\n{markdown(heads, rows)}".encode())
    plot = plot_ladder(
        table,
        heads[1],
        scale,
        higher=ladder.shown in ladder.higher,
        path=folder / "ladder.png",
    )
    notes = [f"{line['model']}: {line['note']}" for line in lines if line["note"]]
    return Comparison(table, heads, rows, notes, data, plot)
