"""The list of all tasks. To add one, write its package and add its SPEC here."""

from typing import TYPE_CHECKING, Any

from unrolled.errors import ConfigError, suggestion
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.classify.spec import SPEC as CLASSIFY
from unrolled.tasks.forecast.spec import SPEC as FORECAST
from unrolled.tasks.lm.spec import SPEC as LM
from unrolled.tasks.music.spec import SPEC as MUSIC
from unrolled.tasks.tag.spec import SPEC as TAG
from unrolled.tasks.translate.spec import SPEC as TRANSLATE

if TYPE_CHECKING:
    from unrolled.tasks.base.task import Task

TASKS: tuple[TaskSpec, ...] = (LM, CLASSIFY, TAG, FORECAST, MUSIC, TRANSLATE)
"""All tasks, in the order of ``unrolled train --help``."""


def find_spec(verb: str) -> TaskSpec | None:
    """Return the specification of the task with this verb, or None."""
    return next((spec for spec in TASKS if spec.verb == verb), None)


def spec_of(verb: str) -> TaskSpec:
    """Return the specification of a task by its verb, as in ``unrolled train VERB``.

    Raises:
        ConfigError: if no task has this verb.
    """
    spec = find_spec(verb)
    if spec is None:
        verbs = [spec.verb for spec in TASKS]
        raise ConfigError(f"no task {verb!r}{suggestion(verb, verbs)}; there are {', '.join(verbs)}")
    return spec


def task_type(verb: str) -> "type[Task[Any, Any]]":
    """Return the class of a task by its verb; see :func:`spec_of`."""
    return spec_of(verb).task_class
