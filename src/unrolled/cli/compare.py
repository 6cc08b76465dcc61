"""``unrolled compare``: the models of a task side by side on one data set."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.markup import escape
from rich.table import Table

from unrolled.cli.arguments import flag_value, parse
from unrolled.cli.kept import kept_when_stopped
from unrolled.console import print_table
from unrolled.errors import ConfigError
from unrolled.experiments.comparison import (
    DEFAULT_MINUTES,
    OWN,
    Plan,
    metric_of,
    open_recipe,
    refuse_own,
)
from unrolled.experiments.comparison import run as run_plan
from unrolled.experiments.ladders import TASKS, ladder_type
from unrolled.extras import require_extra
from unrolled.tasks import spec_of
from unrolled.terminal import Terminal


@dataclass(frozen=True)
class Arguments:
    """Train the models of a task on the same data, from counting up to recurrent networks, and compare them.

    What is done is kept: the same command goes on where it was stopped. All other options are those of
    unrolled train TASK (--data, --test, --hidden …) and hold for every network: unrolled compare --task lm
    --help lists them.
    """

    task: str
    """lm, classify, tag, translate or forecast."""

    out: str
    """Folder for table, plot and runs."""

    models: tuple[str, ...] = ()
    """Models from the simplest up; the usual ones of the task by default. A wrong name lists them all."""

    seeds: int = 1
    """Trainings of each network, with the seeds 1 to N; more can be added later."""

    budget: float = DEFAULT_MINUTES
    """Minutes of training for each network and seed (updates alone)."""

    metric: str = ""
    """Figure to compare; the recipe's target, or the task's usual one."""

    recipe: str = ""
    """Start from a recipe (unrolled recipes lists them) or a .toml file; other options override it."""

    overwrite: bool = False
    """Begin anew even if the folder holds a comparison."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    require_extra("compare", prog)
    args = _parse(argv, prog)
    recipe = open_recipe(args.recipe, args.task) if args.recipe else None
    metric = args.metric or metric_of(recipe, ladder_type(args.task))
    plan = Plan(args.task, args.config, args.models, args.seeds, args.budget, metric)
    with kept_when_stopped():
        found = run_plan(plan, Path(args.out), overwrite=args.overwrite)
    table = Table(title=escape(found.data), title_justify="left")
    for number, head in enumerate(found.heads):
        table.add_column(head, justify="right" if number else "left")
    for row in found.rows:
        table.add_row(*map(escape, row))
    print_table(table, Terminal(highlight=False))
    for note in found.notes:
        print(note)
    folder = Path(args.out)
    print(f"table: {folder / 'table.md'}, {folder / 'table.csv'}\nplot:  {folder / found.plot.name}")
    return 0


def _parse(argv: Sequence[str], prog: str) -> Any:
    """Return the arguments: those of the comparison, and the configuration of its task."""
    task = flag_value(argv, "--task")
    if task is None:
        if "--help" in argv or "-h" in argv:
            return parse(Arguments, argv, prog=prog)
        raise ConfigError(f"--task: give one of {', '.join(TASKS)}")
    ladder_type(task)
    refuse_own(name for name in OWN if flag_value(argv, f"--{name}") is not None)
    kind = spec_of(task).config
    whole = dataclasses.make_dataclass(
        "CompareArguments",
        [("config", kind, dataclasses.field(default_factory=kind))],
        bases=(Arguments,),
        frozen=True,
    )
    whole.__doc__ = Arguments.__doc__
    name = flag_value(argv, "--recipe")
    default = None
    if name:
        default = whole(task=task, out=tyro.MISSING, config=open_recipe(name, task).config)
    return parse(whole, argv, prog=prog, default=default)
