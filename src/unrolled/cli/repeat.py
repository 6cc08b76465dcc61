"""``unrolled repeat``: the same training over folds or seeds, with variants and a baseline beside it."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from unrolled.cli.arguments import parse
from unrolled.config import require, to_dict, with_options
from unrolled.console import print_table
from unrolled.cores import usable_cores
from unrolled.errors import RunError, suggestion
from unrolled.experiments.folds import BASELINE, Fold
from unrolled.experiments.pool import Runnable, run_all
from unrolled.experiments.seeds import Seed
from unrolled.experiments.summary import Line, summarise_trials
from unrolled.experiments.trial import TRIALS, Trial, TrialFile
from unrolled.experiments.trial_plot import plot_trials
from unrolled.experiments.variant import PRETRAIN, Variant, parse_variant
from unrolled.extras import require_extra
from unrolled.recipes import Recipe, load_recipe
from unrolled.storage.folder import list_folder
from unrolled.storage.lock import FolderLock
from unrolled.tasks import spec_of
from unrolled.terminal import Terminal
from unrolled.training.waiting import counting_bar
from unrolled.visible import visible


@dataclass(frozen=True)
class Arguments:
    """Train a recipe again and again: over k folds of its data, or with several seeds.

    Trials that are done are kept: the same command goes on where it was stopped.
    """

    recipe: str
    """Recipe by name, or a .toml file."""

    out: str
    """Folder for the trials, their table and plot."""

    folds: int = 0
    """Cross-validate a classifier in so many stratified folds, shuffled once for all."""

    seeds: int = 0
    """Or train with the seeds 1 to N, scored on the recipe's test (else held-out) data."""

    variant: tuple[str, ...] = ()
    """Compared with the recipe on the same folds or seeds, each OPTION=VALUE,OPTION=VALUE. With folds also
    pretrain=RECIPE: start from a language model of that recipe, trained on the fold's training texts."""

    baseline: bool = False
    """With folds: TF-IDF logistic regression as well, tuned by cross-validation inside each training part."""

    metric: str = ""
    """Figure to compare; the recipe's target by default."""

    jobs: int = 0
    """Trainings side by side, on one thread each; 0 is one for each core, 1 leaves threads to the recipe."""

    overwrite: bool = False
    """Begin anew even if the folder holds trials."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("plots", prog)
    recipe = load_recipe(args.recipe)
    metric = args.metric or (recipe.target.metric if recipe.target else "accuracy")
    _check(args, recipe, metric)
    jobs = args.jobs or max(1, int(usable_cores()))
    config = with_options(recipe.config, {"threads": 1}) if jobs > 1 else recipe.config
    recipe = dataclasses.replace(recipe, config=config)
    list_folder(Path(args.out))  # says now if it cannot be one
    folder = Path(args.out).resolve()
    with FolderLock(folder):
        return _repeat(args, recipe, metric, folder, jobs)


def _repeat(args: Arguments, recipe: Recipe, metric: str, folder: Path, jobs: int) -> int:
    trials = TrialFile(folder, _plan(args, recipe), overwrite=args.overwrite)
    jobs_of_plan = _all(args, recipe, folder)
    _check_done(trials.done, jobs_of_plan, metric, folder / TRIALS)
    todo = _without(jobs_of_plan, trials.done)
    began = time.monotonic()
    with counting_bar("trials", len(todo), shown=True) as report:
        for trial in run_all(todo, jobs):
            trials.add(trial)
            report(1)
            figure = f"{metric} {trial.scores[metric]:.4f}"
            print(visible(f"{trial.variant}: {trial.number}: {figure} in {trial.seconds} s"), flush=True)
    order = [variant.name for variant in _variants(args)]
    done = sorted(trials.done, key=lambda t: (order.index(t.variant), t.number))
    lines, kind = summarise_trials(done, metric), "folds" if args.folds else "seeds"
    _print(lines, metric, kind)
    print(f"{len(todo)} trials in {(time.monotonic() - began) / 60:.1f} minutes, {jobs} at a time")
    if recipe.target and (recipe.target.on, recipe.target.metric) == (kind, metric):
        seconds = sum(t.seconds for t in done if t.variant == lines[0].variant) / jobs
        print(recipe.verdict({kind: {metric: lines[0].score.mean}, "training_seconds": seconds}))
    print(f"plot: {plot_trials(done, metric, folder)}")
    return 0


def _check(args: Arguments, recipe: Recipe, metric: str) -> None:
    """Find out before the first trial, not after it, what cannot be tried."""
    require((args.folds >= 2) != (args.seeds >= 1), "give --folds K (2 or more) or --seeds N")
    require(not args.folds or recipe.task == "classify", "--folds is for classifiers; use --seeds")
    require(not args.baseline or args.folds > 0, "--baseline goes with --folds")
    known = spec_of(recipe.task).metrics
    hint = suggestion(metric, known)
    require(metric in known, f"--metric {metric}: is not one of {', '.join(known)}{hint}")
    for variant in _variants(args):
        options = {name: value for name, value in variant.options.items() if name != PRETRAIN}
        with_options(recipe.config, options, f"variant {variant.name!r}")


def _plan(args: Arguments, recipe: Recipe) -> dict[str, Any]:
    return {
        "recipe": to_dict(recipe.config),
        "folds": args.folds,
        "seeds": args.seeds,
        "variants": [v.name for v in _variants(args)],
    }


def _variants(args: Arguments) -> list[Variant]:
    baseline = [Variant(BASELINE)] if args.baseline else []
    return [Variant("as it stands"), *map(parse_variant, args.variant), *baseline]


def _all(args: Arguments, recipe: Recipe, folder: Path) -> list[Fold | Seed]:
    jobs: list[Fold | Seed] = []
    for number in range(1, (args.folds or args.seeds) + 1):
        for place, variant in enumerate(_variants(args)):
            if args.folds:
                jobs.append(Fold(recipe.config, variant, number, args.folds))
            else:
                run = str(folder / f"variant-{place}" / f"seed-{number}")
                jobs.append(Seed(recipe.task, recipe.config, variant, number, run))
    return jobs


def _without(jobs: list[Fold | Seed], done: list[Trial]) -> list[Runnable]:
    have = {(t.variant, t.number) for t in done}
    return [job for job in jobs if (job.variant.name, job.number) not in have]


def _check_done(done: list[Trial], jobs: list[Fold | Seed], metric: str, path: Path) -> None:
    """Raise RunError for a kept trial that is not one of the plan, is there twice, or lacks the figure."""
    left = {(job.variant.name, job.number) for job in jobs}
    for line, trial in enumerate(done, 1):
        where = f"{path}: line {line} is damaged: trial {trial.number} of variant {trial.variant!r}"
        if (trial.variant, trial.number) not in left:
            raise RunError(f"{where} is not in the plan, or there twice; remove it, or the folder")
        if metric not in trial.scores:
            raise RunError(f"{where} has no {metric}; remove it, or the folder")
        left.remove((trial.variant, trial.number))


def _print(lines: list[Line], metric: str, kind: str) -> None:
    scale, unit = (100, "%") if metric in ("accuracy", "macro_f1") else (1, "")
    title = f"{metric.replace('_', ' ')} over {lines[0].score.count} {kind}"
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
