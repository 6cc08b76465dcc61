"""The ladders by the word of their task, imported when they are needed."""

import importlib

from unrolled.errors import ConfigError, suggestion
from unrolled.tasks.base.ladder import Ladder

TASKS = ("lm", "classify", "tag", "translate", "forecast")
"""Tasks that have a ladder."""


def ladder_type(task: str) -> type[Ladder]:
    """Return the ladder of a task.

    Raises:
        ConfigError: if it has none.
    """
    if task not in TASKS:
        raise ConfigError(f"task {task!r}: is not one of {', '.join(TASKS)}{suggestion(task, TASKS)}")
    kind: type[Ladder] = importlib.import_module(f"unrolled.tasks.{task}.ladder").LADDER
    return kind
