"""``unrolled repeat``: repeat a training over folds or seeds, with variants and a baseline for comparison."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from unrolled.cli.arguments import parse
from unrolled.cli.interrupted import explain_interrupt
from unrolled.console import print_table
from unrolled.cores import usable_cores
from unrolled.experiments.metrics import get_metric_name, get_metric_scale
from unrolled.experiments.repetition import Plan, Report
from unrolled.experiments.repetition import run as run_plan
from unrolled.experiments.repetition_table import Line
from unrolled.experiments.variant import parse_variant
from unrolled.extras import require_extra
from unrolled.recipes import load_recipe
from unrolled.tasks.base.outcome import Outcome
from unrolled.terminal import Terminal
from unrolled.training.progress_display import counting_bar
from unrolled.visible import escape_control_characters
from unrolled.wording import counted


@dataclass(frozen=True)
class Arguments:
    """Train a recipe several times: over k folds of its data, or with several seeds.

    Finished trials are kept: after an interruption, the same command continues.
    """

    recipe: str
    """Recipe by name, or a .toml file."""

    out: str
    """Folder for the trials, their table and their plot."""

    folds: int = 0
    """Cross-validate a classifier over this number of stratified folds. The data are shuffled once."""

    seeds: int = 0
    """Instead of folds: train with the seeds 1 to N, and score on the recipe's test data, or, if it has
    none, on its held-out data."""

    variant: tuple[str, ...] = ()
    """Variants to compare with the recipe on the same folds or seeds, each OPTION=VALUE,OPTION=VALUE. With
    folds also pretrain=RECIPE: start with a language model of that recipe, trained on the fold's training
    texts."""

    baseline: bool = False
    """With folds: also train TF-IDF logistic regression, tuned by cross-validation within each training
    part."""

    metric: str = ""
    """Figure to compare; the recipe's target by default."""

    jobs: int = 0
    """Number of parallel trainings, on one thread each; 0: one per core; 1: threads as in the recipe."""

    overwrite: bool = False
    """Start again even if the folder has trials."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("plots", prog)
    recipe = load_recipe(args.recipe)
    metric = args.metric or (recipe.target.metric if recipe.target else "accuracy")
    variants = tuple(map(parse_variant, args.variant))
    jobs = args.jobs or max(1, int(usable_cores()))
    plan = Plan(recipe, args.folds, args.seeds, variants, args.baseline, metric, jobs)

    @contextmanager
    def progress(count: int) -> Iterator[Report]:
        with counting_bar("trials", count, shown=True) as report:

            def print_outcome(outcome: Outcome) -> None:
                report(1)
                figure = f"{metric} {outcome.scores[metric]:.4f} in {outcome.seconds} s"
                print(escape_control_characters(f"{outcome.model}: {outcome.seed}: {figure}"), flush=True)

            yield print_outcome

    start = time.monotonic()
    with explain_interrupt():
        repetition = run_plan(plan, Path(args.out), progress, overwrite=args.overwrite)
    _print(repetition.lines, metric, plan.kind)
    minutes = (time.monotonic() - start) / 60
    print(f"{counted(repetition.made, 'trial')} in {minutes:.1f} minutes, {jobs} at a time")
    if recipe.target and (recipe.target.on, recipe.target.metric) == (plan.kind, metric):
        score = repetition.lines[0].score.mean
        print(recipe.verdict({plan.kind: {metric: score}, "training_seconds": repetition.seconds}))
    print(f"plot: {repetition.plot}")
    return 0


def _print(lines: list[Line], metric: str, kind: str) -> None:
    scale = get_metric_scale(metric)
    unit = "%" if scale == 100 else ""
    title = f"{get_metric_name(metric)} over {lines[0].score.count} {kind}"
    table = Table(title=title, title_justify="left")
    table.add_column("variant")
    for column in ("mean ± sd", "paired difference ± sd", "higher in", "seconds each"):
        table.add_column(column, justify="right")
    for line in lines:
        difference = wins = ""
        if line.difference is not None:
            difference = f"{scale * line.difference.mean:+.2f} ± {scale * line.difference.deviation:.2f}"
            wins = f"{line.wins} of {line.difference.count}"
        score = f"{scale * line.score.mean:.2f}{unit} ± {scale * line.score.deviation:.2f}"
        table.add_row(line.variant, score, difference, wins, f"{line.seconds:.0f}")
    print_table(table, Terminal(highlight=False))
