"""Runs a lesson from its beginning to its page."""

import dataclasses
import time
from pathlib import Path

from rich.console import Console

from unrolled.terminal import Terminal
from unrolled.training import TrainingConfig
from unrolled.training.seeding import seeded, with_threads
from unrolled.training.waiting import spinner
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.folder import claim, write_lesson
from unrolled.tutorials.script import Script


def run_lesson(
    lesson: Lesson,
    config: LessonConfig,
    folder: Path,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> Path:
    """Teach a lesson and write it down; return the path of its page.

    Args:
        lesson: which.
        config: its size.
        folder: where page, figures and numbers go.
        overwrite: replace a lesson that lies there.
        console: where to print; standard output by default.

    Raises:
        RunError: if the folder holds something already, or cannot be written.
    """
    with claim(folder, overwrite=overwrite):
        began = time.perf_counter()
        training, choice = with_threads(TrainingConfig(seed=config.seed, threads=config.threads))
        config = dataclasses.replace(config, threads=training.threads)
        script = Script(lesson.title, lesson.subtitle, console or Terminal(highlight=False))
        with seeded(training):
            lesson.teach(script, config)
        seconds = time.perf_counter() - began
        page = script.page(
            {
                "command": _command(lesson, config),
                "distance": f"{config.distance} steps",
                "networks": f"{config.hidden} units, {config.updates} updates at most",
                "seed": str(config.seed),
                "threads": str(choice.count),
                "took": f"{seconds:.0f} s",
            }
        )
        with spinner("drawing", shown=True):
            return write_lesson(page, folder)


def _command(lesson: Lesson, config: LessonConfig) -> str:
    """Return what to type for the same lesson; threads are no part of it."""
    names = ("distance", "hidden", "updates", "seed")
    given = {name: getattr(config, name) for name in names}
    options = [f"--{name} {value}" for name, value in given.items() if value != getattr(lesson.config, name)]
    return " ".join([f"unrolled learn {lesson.word}", *options])
