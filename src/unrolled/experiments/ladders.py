"""Look up the ladder of a task: its models from the simplest up."""

from unrolled.errors import ConfigError, suggestion
from unrolled.tasks.base.ladder import Ladder
from unrolled.tasks.registry import TASKS as ALL_TASKS

TASKS = tuple(spec.verb for spec in ALL_TASKS if spec.import_ladder)
"""Command-line names of the tasks that have a ladder."""


def get_ladder_class(task: str) -> type[Ladder]:
    """Return the ladder class of a task.

    Raises:
        ConfigError: if the task has no ladder.
    """
    spec = next((spec for spec in ALL_TASKS if spec.verb == task), None)
    if spec is None or spec.import_ladder is None:
        raise ConfigError(f"task {task!r}: is not one of {', '.join(TASKS)}{suggestion(task, TASKS)}")
    return spec.import_ladder()
