"""Run a lesson and write its page."""

import dataclasses
import time
from pathlib import Path

from rich.console import Console

from unrolled.terminal import Terminal
from unrolled.training import TrainingConfig
from unrolled.training.progress_display import spinner
from unrolled.training.seeding import resolve_threads, seeded
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.folder import lock_output_folder, write_lesson
from unrolled.tutorials.script import Script


def run_lesson(
    lesson: Lesson,
    config: LessonConfig,
    folder: Path,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> Path:
    """Run a lesson, print it, and write it as a page; return the path of the page.

    Args:
        lesson: the lesson to run.
        config: size of the experiment.
        folder: output folder for page, figures and numbers.
        overwrite: replace a lesson already in the folder.
        console: console to print on; standard output by default.

    Raises:
        RunError: if the folder holds other files or (without ``overwrite``) a lesson, or cannot be written.
    """
    with lock_output_folder(folder, overwrite=overwrite):
        start = time.perf_counter()
        training, choice = resolve_threads(TrainingConfig(seed=config.seed, threads=config.threads))
        config = dataclasses.replace(config, threads=training.threads)
        script = Script(lesson.title, lesson.subtitle, console or Terminal(highlight=False))
        with seeded(training):
            lesson.teach(script, config)
        seconds = time.perf_counter() - start
        page = script.page(
            {
                "command": _command(lesson, config),
                "distance": f"{config.distance} steps",
                "networks": f"{config.hidden} units, at most {config.updates} updates",
                "seed": str(config.seed),
                "threads": str(choice.count),
                "took": f"{seconds:.0f} s",
            }
        )
        with spinner("drawing", shown=True):
            return write_lesson(page, folder)


def _command(lesson: Lesson, config: LessonConfig) -> str:
    """Return the command that repeats the lesson, without the number of threads."""
    names = ("distance", "hidden", "updates", "seed")
    values = {name: getattr(config, name) for name in names}
    options = [f"--{name} {value}" for name, value in values.items() if value != getattr(lesson.config, name)]
    return " ".join([f"unrolled learn {lesson.word}", *options])
