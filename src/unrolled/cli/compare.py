"""``unrolled compare TASK``: train and compare the models of a task on one data set."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.markup import escape
from rich.table import Table

from unrolled.cli.arguments import flag_value, parse
from unrolled.cli.interrupted import explain_interrupt
from unrolled.console import print_table
from unrolled.errors import ConfigError
from unrolled.experiments.comparison import (
    DEFAULT_MINUTES,
    OWN,
    Plan,
    check_reserved_options,
    get_target_metric,
    open_recipe,
)
from unrolled.experiments.comparison import run as run_plan
from unrolled.experiments.ladders import TASKS, get_ladder_class
from unrolled.extras import require_extra
from unrolled.tasks import spec_of
from unrolled.terminal import Terminal


@dataclass(frozen=True)
class Arguments:
    """Train the models of a task on the same data, from n-grams to recurrent networks, and compare them.

    TASK is lm, classify, tag, translate or forecast. Finished models are kept: after an interruption, the
    same command continues. All other options are those of unrolled train TASK (--data, --test, --hidden …)
    and apply to every network: unrolled compare lm --help lists them.
    """

    out: str
    """Folder for the table, the plot and the runs."""

    models: tuple[str, ...] = ()
    """Models to compare, simplest first; by default the usual ones of the task. An unknown name lists all."""

    seeds: int = 1
    """Number of trainings of each network, with the seeds 1 to N. More seeds can be added later."""

    budget: float = DEFAULT_MINUTES
    """Minutes of training for each network and seed (only updates count)."""

    metric: str = ""
    """Figure to compare; by default the recipe's target, or the usual one of the task."""

    recipe: str = ""
    """Name of a recipe (the command "unrolled recipes" lists them) or a .toml file; other options override
    it."""

    overwrite: bool = False
    """Start again even if the folder has a comparison."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    require_extra("compare", prog)
    task, arguments = _split_task(list(argv))
    if task is None:
        parse(Arguments, arguments, prog=f"{prog} TASK")  # prints its help and exits
        return 0
    args = _parse(task, arguments, f"{prog} {task}")
    spec = spec_of(task)
    if not spec.task_class(args.config).sources()[0]:
        raise ConfigError(spec.missing_data)
    recipe = open_recipe(args.recipe, task) if args.recipe else None
    metric = args.metric or get_target_metric(recipe, get_ladder_class(task))
    plan = Plan(task, args.config, args.models, args.seeds, args.budget, metric)
    with explain_interrupt():
        comparison = run_plan(plan, Path(args.out), overwrite=args.overwrite)
    table = Table(title=escape(comparison.data), title_justify="left")
    for number, head in enumerate(comparison.heads):
        table.add_column(head, justify="right" if number else "left")
    for row in comparison.rows:
        table.add_row(*map(escape, row))
    print_table(table, Terminal(highlight=False))
    for note in comparison.notes:
        print(note)
    folder = Path(args.out)
    print(f"table: {folder / 'table.md'}, {folder / 'table.csv'}\nplot:  {folder / comparison.plot.name}")
    return 0


def _split_task(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Return the task (the first word, or the value of ``--task``) and the remaining words."""
    if arguments and not arguments[0].startswith("-"):
        return arguments[0], arguments[1:]
    task = flag_value(arguments, "--task")
    if task is None:
        if not {"-h", "--help"} & set(arguments):
            raise ConfigError(f"compare: give a task first, one of {', '.join(TASKS)}")
        return None, arguments
    index = arguments.index("--task") if "--task" in arguments else arguments.index(f"--task={task}")
    return task, arguments[:index] + arguments[index + (2 if arguments[index] == "--task" else 1) :]


def _parse(task: str, argv: Sequence[str], prog: str) -> Any:
    """Return the arguments of the comparison, with the configuration of its task."""
    get_ladder_class(task)
    check_reserved_options(name for name in OWN if flag_value(argv, f"--{name}") is not None)
    kind = spec_of(task).config
    arguments_type = dataclasses.make_dataclass(
        "CompareArguments",
        [("config", kind, dataclasses.field(default_factory=kind))],
        bases=(Arguments,),
        frozen=True,
    )
    arguments_type.__doc__ = Arguments.__doc__
    name = flag_value(argv, "--recipe")
    default = None
    if name:
        default = arguments_type(out=tyro.MISSING, config=open_recipe(name, task).config)
    return parse(arguments_type, argv, prog=prog, default=default)
