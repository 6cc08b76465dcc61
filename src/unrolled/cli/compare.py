"""``unrolled compare TASK``: the models of a task side by side on one data set."""

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

    TASK is lm, classify, tag, translate or forecast. What is done is kept: the same command goes on where it
    was stopped. All other options are those of unrolled train TASK (--data, --test, --hidden …) and hold for
    every network: unrolled compare lm --help lists them.
    """

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
    task, words = _task(list(argv))
    if task is None:
        parse(Arguments, words, prog=f"{prog} TASK")  # prints its help and exits
        return 0
    args = _parse(task, words, f"{prog} {task}")
    spec = spec_of(task)
    if not spec.tool(args.config).sources()[0]:
        raise ConfigError(spec.missing_data)
    recipe = open_recipe(args.recipe, task) if args.recipe else None
    metric = args.metric or metric_of(recipe, ladder_type(task))
    plan = Plan(task, args.config, args.models, args.seeds, args.budget, metric)
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


def _task(words: list[str]) -> tuple[str | None, list[str]]:
    """Return the task, the first word or the value of ``--task``, and the other words."""
    if words and not words[0].startswith("-"):
        return words[0], words[1:]
    task = flag_value(words, "--task")
    if task is None:
        if not {"-h", "--help"} & set(words):
            raise ConfigError(f"compare: give a task first, one of {', '.join(TASKS)}")
        return None, words
    place = words.index("--task") if "--task" in words else words.index(f"--task={task}")
    return task, words[:place] + words[place + (2 if words[place] == "--task" else 1) :]


def _parse(task: str, argv: Sequence[str], prog: str) -> Any:
    """Return the arguments: those of the comparison, and the configuration of its task."""
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
        default = whole(out=tyro.MISSING, config=open_recipe(name, task).config)
    return parse(whole, argv, prog=prog, default=default)
