"""``unrolled train TASK``: parse the options, train, and print the scores."""

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
    """Options of ``unrolled train`` that all tasks share; the options of the task are added."""

    out: str
    """Run folder to create: model, checkpoints, log and plots."""

    recipe: str = ""
    """Name of a recipe (the command "unrolled recipes" lists them) or a .toml file; other options override
    it."""

    overwrite: bool = False
    """Delete the run that the folder already holds, and train anew."""

    watch: bool = False
    """Record diagnostics of the training: how far back gradients reach, how many units are saturated, how far
    weights move. Written to metrics.jsonl and, if TensorBoard is installed, to RUN/tensorboard."""

    watch_every: int = 0
    """Record every N updates; 0: every 200, or less often if recording takes more than 3% of the time."""


def run(spec: TaskSpec, argv: Sequence[str], prog: str) -> int:
    """Run the command for one task."""
    args, recipe = parse_training(spec, argv, prog)
    task = spec.task_class(args.config)
    if not task.sources()[0]:
        raise ConfigError(spec.missing_data)
    message = spec.message_before_training(args.config) if spec.message_before_training else ""
    if message:
        print(message, file=sys.stderr)
    return train(task, args, recipe)


def parse_training(spec: TaskSpec, argv: Sequence[str], prog: str) -> tuple[Any, Recipe | None]:
    """Return (arguments, recipe). The recipe's values are defaults of the arguments.

    The recipe is None without --recipe.

    Raises:
        ConfigError: for an unknown option, a wrong value, or a recipe of another task.
    """
    arguments_type = make_arguments_type(spec)
    name = flag_value(argv, "--recipe")
    recipe = load_recipe(name) if name else None
    default = None
    if recipe is not None:
        if recipe.task != spec.verb:
            raise ConfigError(
                f"recipe {recipe.name} is for another task; use: unrolled train {recipe.task} "
                f"--recipe {recipe.name}"
            )
        # With MISSING, tyro still requires --out.
        default = arguments_type(out=tyro.MISSING, config=recipe.config)
    return parse(arguments_type, argv, prog=prog, default=default), recipe


def make_arguments_type(spec: TaskSpec) -> Any:
    """Return a dataclass with the fields of TrainArguments, and ``config`` for the options of the task."""
    usage = "Give --data and --out, or --recipe and --out; every other option has a default."
    return make_dataclass(
        "Arguments",
        [("config", spec.config, field(default_factory=spec.config))],
        bases=(TrainArguments,),
        namespace={"__doc__": f"{spec.description}\n\n{usage}"},
        frozen=True,
    )


def watch_option(watch: bool, every: int) -> bool | int:
    """Return the ``watch`` argument of ``fit`` and ``resume``: False, True, or the interval.

    Args:
        watch: value of ``--watch``.
        every: value of ``--watch-every``.

    Raises:
        ConfigError: if ``--watch-every`` is negative or given without ``--watch``.
    """
    require(every >= 0, f"--watch-every {every}: must be at least 1, or 0 for the default")
    require(watch or not every, f"--watch-every {every} needs --watch")
    return every if watch and every else watch


def train(task: Task[Any, Any], args: TrainArguments, recipe: Recipe | None) -> int:
    """Train the task in the run folder, print the result, and return the exit status."""
    folder, watch = Path(args.out), watch_option(args.watch, args.watch_every)
    try:
        task.fit(out=folder, overwrite=args.overwrite, watch=watch)
    except KeyboardInterrupt:
        if (folder / CHECKPOINT).exists():
            print(f"\nstopped; continue with: unrolled resume {shlex.quote(str(folder))}", file=sys.stderr)
        raise
    print_result(task, folder)
    message = recipe.verdict(task.result) if recipe is not None else None
    if message:
        print(message)
    return 0
