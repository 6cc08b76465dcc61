"""``unrolled learn PROBLEM``: train a network on a problem that needs long memory."""

import dataclasses
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unrolled.cli.arguments import flag_value, parse
from unrolled.cli.lessons import run_lesson_command
from unrolled.cli.verdicts import print_verdicts
from unrolled.errors import ConfigError, suggestion
from unrolled.models import CellConfig
from unrolled.synthetic.config import LearnConfig, PracticeConfig, SizeConfig, SolverConfig
from unrolled.synthetic.folder import lock_output_folder, write_result
from unrolled.synthetic.presets import PRESETS, load_preset
from unrolled.synthetic.problems import PROBLEMS, ProblemName
from unrolled.synthetic.report import write_report
from unrolled.synthetic.train import learn
from unrolled.training import OptimizerConfig
from unrolled.training.progress_display import staged_bar
from unrolled.tutorials.lessons import LESSONS


@dataclass(frozen=True)
class Arguments:
    """Train one network on the problem, and compare it with the best result without memory."""

    out: str = ""
    """Folder for result.json, metrics.jsonl, a plot of the training, and report.html with gradients and
    states through time. By default nothing is written."""

    preset: str = ""
    """Named settings, which other options override; by default the first preset. With --cell and without
    --preset, the cell has its usual settings."""

    overwrite: bool = False
    """Replace the result in the folder."""

    size: SizeConfig = field(default_factory=SizeConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    solver: SolverConfig = field(default_factory=SolverConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    practice: PracticeConfig = field(default_factory=PracticeConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    word, options = (argv[0], argv[1:]) if argv else ("", argv)
    if word in LESSONS:
        return run_lesson_command(LESSONS[word], options, f"{prog} {word}")
    if word in PROBLEMS:
        return _prepare_data(typing.cast(ProblemName, word), options, f"{prog} {word}")
    if word in ("-h", "--help"):
        print(_usage(prog))
        return 0
    valid_words = (*PROBLEMS, *LESSONS)
    reason = f"{word!r} is not one of" if word else "give one of"
    raise ConfigError(f"{prog}: {reason} {', '.join(valid_words)}{suggestion(word, valid_words)}")


def _usage(prog: str) -> str:
    lines = [f"usage: {prog} WORD [options]", "", "problems that need long memory:"]
    lines += [f"  {word:<10} {problem.shows}" for word, problem in PROBLEMS.items()]
    lines += ["", "guided experiments:"]
    lines += [f"  {word:<10} {lesson.shows}" for word, lesson in LESSONS.items()]
    return "\n".join([*lines, "", f"{prog} WORD --help shows the options"])


def _prepare_data(problem: ProblemName, argv: Sequence[str], prog: str) -> int:
    args = _parse(problem, argv, prog)
    config = LearnConfig(problem, args.size, args.cell, args.solver, args.optimizer, args.practice)
    folder = Path(args.out) if args.out else None
    with lock_output_folder(folder, overwrite=args.overwrite):
        result = learn(config)
        print(result)
        if folder is not None:
            print(f"picture: {write_result(result, folder)}")
            with staged_bar(shown=True) as stage:
                path, page = write_report(result, folder, stage)
            print_verdicts(page.verdicts[1:])  # the first repeats the printed result
            print(f"report:  {path}")
    return 0


def _parse(problem: ProblemName, argv: Sequence[str], prog: str) -> Arguments:
    """Return the arguments, with the values of their preset (or the problem's default one) as defaults."""
    name, distance = flag_value(argv, "--preset"), flag_value(argv, "--distance")
    settings = load_preset(problem, name or "", int(distance) if distance and distance.isdecimal() else None)
    use_default_cell = name is None and any(flag_value(argv, flag) for flag in ("--cell", "--model"))
    default = Arguments(
        size=settings.size,
        cell=CellConfig() if use_default_cell else settings.cell,
        solver=settings.solver,
        optimizer=settings.optimizer,
        practice=settings.practice,
    )
    kind = dataclasses.make_dataclass("LearnArguments", [], bases=(Arguments,), frozen=True)
    kind.__doc__ = _help(problem)
    return parse(kind, argv, prog=prog, default=kind(**vars(default)))


def _help(problem: ProblemName) -> str:
    presets = "\n".join(f"--preset {name}: {p.says}" for name, p in PRESETS[problem].items())
    description = f"Problem {problem}: {PROBLEMS[problem].shows}. {Arguments.__doc__}"
    return f"{description}\n\nResults at a distance of {PROBLEMS[problem].distance:,}:\n\n{presets}"
