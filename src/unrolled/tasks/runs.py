"""Load a trained model of any task from its run folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled.errors import RunError
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.registry import find_spec

if TYPE_CHECKING:
    from unrolled.tasks.base.task import Task


def spec_of_run(folder: Path) -> TaskSpec:
    """Return the specification of the task of a run folder; see :func:`run_type` for its errors."""
    verb = run_folder.read_config(folder)["task"]
    spec = find_spec(verb)
    if spec is None:
        raise RunError(
            f"{folder}: holds a run of task {verb!r}, which this version of unrolled does not know; upgrade"
        )
    return spec


def run_type(run: str | Path) -> "type[Task[Any, Any]]":
    """Return the task class of a run folder.

    Raises:
        RunError: if the folder is not a run, is damaged, or has an unsupported format.
    """
    return spec_of_run(Path(run)).task_class


def load(run: str | Path) -> Any:
    """Load a trained model of any task.

    Raises:
        RunError: if the folder is not a run, is damaged, or has an unsupported format.
    """
    return run_type(run).load(run)
