"""``unrolled learn LESSON``: a guided experiment, printed on the terminal and written as a page."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unrolled.cli.arguments import parse
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.run import run_lesson


@dataclass(frozen=True)
class Arguments:
    """A guided experiment: explains its steps, trains small networks, shows the results and writes a page."""

    out: str = ""
    """Folder for the page, figures (PNG, SVG) and numbers (JSON); runs/learn-WORD by default."""

    overwrite: bool = False
    """Replace the lesson in the folder."""

    config: LessonConfig = field(default_factory=LessonConfig)


def run_lesson_command(lesson: Lesson, argv: Sequence[str], prog: str) -> int:
    """Run the command of a lesson."""
    kind = dataclasses.make_dataclass("LessonArguments", [], bases=(Arguments,), frozen=True)
    kind.__doc__ = f"{lesson.title}: {lesson.subtitle}.\n\n{Arguments.__doc__}"
    args = parse(kind, argv, prog=prog, default=kind(config=lesson.config))
    folder = Path(args.out or f"runs/learn-{lesson.word}")
    page = run_lesson(lesson, args.config, folder, overwrite=args.overwrite)
    print(f"\npage:    {page}\nfigures: {page.parent / 'figures'}")
    return 0
