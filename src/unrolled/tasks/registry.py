"""The tasks by the word that trains them, imported when they are first needed."""

import importlib
from pathlib import Path
from typing import Any

from unrolled.errors import ConfigError, RunError, suggestion
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.task import Task

_HOMES = {
    "forecast": ("forecast.task", "Forecaster"),
    "lm": ("lm.task", "LanguageModel"),
    "tag": ("tag.task", "Tagger"),
    "classify": ("classify.task", "Classifier"),
    "music": ("music.task", "PianoRoll"),
    "translate": ("translate.task", "Translator"),
}
VERBS = tuple(_HOMES)


def task_type(verb: str) -> type[Task[Any, Any]]:
    """Return the class of a task, by its word in ``unrolled train WORD``.

    Raises:
        ConfigError: if there is none.
    """
    if verb not in _HOMES:
        raise ConfigError(f"no task {verb!r}{suggestion(verb, VERBS)}; there are {', '.join(VERBS)}")
    module, name = _HOMES[verb]
    kind = getattr(importlib.import_module(f"unrolled.tasks.{module}"), name)
    assert issubclass(kind, Task)
    return kind


def run_type(run: str | Path) -> type[Task[Any, Any]]:
    """Return the class of the task that a run folder holds.

    Raises:
        RunError: if the folder is not a run, is damaged, or of another format.
    """
    folder = Path(run)
    verb = run_folder.read_config(folder)["task"]
    if verb not in VERBS:
        raise RunError(f"{folder}: holds a run of task {verb!r}, which this unrolled does not know; upgrade")
    return task_type(verb)


def load(run: str | Path) -> Any:
    """Read a trained model of any task.

    Raises:
        RunError: if the folder is not a run, is damaged, or of another format.
    """
    return run_type(run).load(run)
