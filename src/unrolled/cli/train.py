"""``unrolled train TASK``: read the options, train, and show the scores."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any

import tyro

from unrolled.cli.arguments import flag_value, parse
from unrolled.cli.report import print_result
from unrolled.config import require
from unrolled.errors import ConfigError
from unrolled.recipes import Recipe, load_recipe
from unrolled.tasks import Task
from unrolled.tasks.base.spec import TaskSpec
from unrolled.training import CHECKPOINT


@dataclass(frozen=True)
class TrainArguments:
    """Options of every training besides its configuration."""

    out: str
    """Run folder to make: model, checkpoints, log, plots."""

    recipe: str = ""
    """Start from a recipe (unrolled recipes lists them) or a .toml file; other options override it."""

    overwrite: bool = False
    """Replace the run that the folder holds."""

    watch: bool = False
    """Look inside the training: how far back gradients reach, what is saturated, how far weights move; in
    metrics.jsonl, and for TensorBoard (RUN/tensorboard) where that is installed."""

    watch_every: int = 0
    """Updates from look to look; 0 is 200, or more where looking would take over 3% of the time."""


def run(spec: TaskSpec, argv: Sequence[str], prog: str) -> int:
    """Run the command for one task."""
    args, recipe = parse_training(spec, argv, prog)
    task = spec.tool(args.config)
    if not task.sources()[0]:
        raise ConfigError(spec.missing_data)
    line = spec.announce(args.config) if spec.announce else ""
    if line:
        print(line, file=sys.stderr)
    return train(task, args, recipe)


def parse_training(spec: TaskSpec, argv: Sequence[str], prog: str) -> tuple[Any, Recipe | None]:
    """Return the arguments, filled in by the recipe that they may name, and the recipe.

    Raises:
        ConfigError: for an unknown option, a wrong value, or a recipe of another task.
    """
    kind = arguments_of(spec)
    name = flag_value(argv, "--recipe")
    recipe = load_recipe(name) if name else None
    default = None
    if recipe is not None:
        if recipe.task != spec.verb:
            raise ConfigError(f"recipe {recipe.name} trains with: unrolled train {recipe.task}")
        # The folder is still required: tyro keeps a field without a value as missing.
        default = kind(out=tyro.MISSING, config=recipe.config)
    return parse(kind, argv, prog=prog, default=default), recipe


def arguments_of(spec: TaskSpec) -> Any:
    """Return the dataclass of a task's arguments: those of every training, and its configuration."""
    usage = "Give --data and --out, or --recipe and --out; every other option has a default."
    return make_dataclass(
        "Arguments",
        [("config", spec.config, field(default_factory=spec.config))],
        bases=(TrainArguments,),
        namespace={"__doc__": f"{spec.description}\n\n{usage}"},
        frozen=True,
    )


def watch_option(watch: bool, every: int) -> bool | int:
    """Return what ``fit`` and ``resume`` take for ``--watch`` and ``--watch-every``.

    Raises:
        ConfigError: if they do not go together.
    """
    require(every >= 0, f"--watch-every {every}: must be at least 1, or 0 for the usual number of updates")
    require(watch or not every, f"--watch-every {every} goes with --watch")
    return every if watch and every else watch


def train(task: Task[Any, Any], args: TrainArguments, recipe: Recipe | None) -> int:
    """Train on what the task's configuration names, in the run folder; return the exit status."""
    folder, watch = Path(args.out), watch_option(args.watch, args.watch_every)
    try:
        task.fit(out=folder, overwrite=args.overwrite, watch=watch)
    except KeyboardInterrupt:
        if (folder / CHECKPOINT).exists():
            print(f"\nstopped; go on with: unrolled resume {shlex.quote(str(folder))}", file=sys.stderr)
        raise
    print_result(task, folder)
    line = recipe.verdict(task.result) if recipe is not None else None
    if line:
        print(line)
    return 0
